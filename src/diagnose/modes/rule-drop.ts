import { listText, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import type { Evidence, Explained, Fix, Observation, Severity } from "../finding.ts";
import { bridgeOf, isInside, isOwn, isPrivate, networkOf } from "../packet-place.ts";
import { droppingRules, RULE_CAUSES, type DroppingRule } from "../rule-drops.ts";
import { isRefusal } from "../subscriber-limits.ts";
import { droppedFor, type DroppedHeader, type Signals } from "../signals.ts";

/** Firewalls drop; a few packets a second are nobody's trouble. */
const TOO_MANY_PER_SECOND = 5;

/** What a packet that a rule dropped was about. */
type Errand =
  /** Part of a connection that was let through before. */
  | "established"
  /** From an inside host to the outside, or from one inside network to another. */
  | "outward"
  /** From outside to an inside host: only a port forward or static NAT leads there. */
  | "forwarded"
  /** From an inside host to the gateway itself. */
  | "to-gateway"
  /** Anything else: what firewalls are for. */
  | "other";

/** A rule or a policy drops packets that look as if they should pass. */
export const mode: FailureMode = {
  id: "rule-drop",
  title: "A firewall rule drops packets",
  severity: "loss",
  why: "A rule or the policy of a chain drops packets of connections, of inside hosts or of forwarded ports; whoever wrote it may not have known that they pass here.",
  needs: ["rules"],
  examine: (signals) =>
    droppingRules(signals)
      // What limits of the gateway file refuse, they refuse on purpose: see subscriber-limit.
      .filter(({ rule }) => signals.refusals === undefined || rule === undefined || !isRefusal(rule))
      .flatMap((rule) => observe(signals, rule)),
};

function observe(signals: Signals, rule: DroppingRule): Observation[] {
  if (perSecond(signals, rule.packets) < TOO_MANY_PER_SECOND) return [];
  const errands = new Map<Errand, DroppedHeader[]>();
  for (const header of rule.headers) {
    const errand = errandOf(signals, header);
    errands.set(errand, [...(errands.get(errand) ?? []), header]);
  }
  const [worst = "other", headers = []] = [...errands]
    .filter(([errand]) => errand !== "other")
    .toSorted(([, a], [, b]) => b.length - a.length)[0] ?? ["other", rule.headers];
  const share = rule.headers.length === 0 ? 1 : headers.length / rule.headers.length;
  const packets = Math.round(rule.packets * share);
  const severity = severityOf(signals, rule, worst, packets);
  const top = topOf("What it drops", headers.length > 0 ? headers : rule.headers);
  const written = rule.owner === undefined ? "" : ` (written by ${rule.owner.name})`;
  const evidence: Evidence[] = [
    {
      what: `${rule.place}${written}`,
      value: rule.text,
      ...(rule.isGuess ? { meaning: "as far as the rules can be followed" } : {}),
    },
    {
      what: "packets it dropped",
      value: formatCount(rule.packets),
      meaning: `${formatRate(perSecond(signals, rule.packets))}, ${rule.counts ? "by its counter" : "it has no counter: by its share of the packets looked at"}`,
    },
    { what: "where packets come to it", value: rule.hooks.length === 0 ? "?" : listText(rule.hooks) },
  ];
  if (worst !== "other") {
    evidence.push({ what: WORDS[worst], value: formatPercent(share), meaning: "of the packets looked at" });
  }
  return [
    {
      subject: rule.id,
      severity,
      summary: `${formatCount(packets)} packets in ${signals.seconds.toFixed(1)} s${worst === "other" ? "" : ` ${WORDS[worst]}`} dropped by ${rule.place}${written}: ${rule.text}`,
      evidence,
      ...(top === undefined ? {} : { top }),
      lostPackets: severity === "note" ? 0 : packets,
      explains: explained(signals, rule),
      fixes: severity === "note" ? [] : [fixFor(rule, headers)],
    },
  ];
}

/** In words, after "packets". */
const WORDS: Readonly<Record<Errand, string>> = {
  established: "of connections that were let through before",
  outward: "from inside hosts to others",
  forwarded: "to inside hosts",
  "to-gateway": "from inside hosts to the gateway",
  other: "",
};

function errandOf(signals: Signals, header: DroppedHeader): Errand {
  const { source = "", destination = "", protocol, translation } = header;
  // Between two ports of a bridge: bridge-nf-call tells that it comes to IP's rules at all.
  if (bridgeOf(signals.network, header.interface) !== undefined) return "other";
  if (/^(22[4-9]|23\d|255)\.|\.255$/.test(destination)) return "other";
  if (translation !== undefined) return "established";
  const fromInside = !isOwn(signals, source) && isPrivate(source) && isInside(signals, source);
  if (isOwn(signals, destination)) return fromInside && protocol !== 1 ? "to-gateway" : "other";
  if (fromInside) return "outward";
  return isPrivate(destination) && isInside(signals, destination) ? "forwarded" : "other";
}

function severityOf(
  signals: Signals,
  { rule, headers, hooks }: DroppingRule,
  errand: Errand,
  packets: number,
): Severity {
  // Strays of connections that have ended: what such a rule is for.
  if (rule !== undefined && /\binvalid\b/i.test(rule.text)) return "note";
  if (headers.length === 0) return hooks.includes("forward") && !hooks.includes("input") ? "degraded" : "note";
  if (errand === "other" || perSecond(signals, packets) < TOO_MANY_PER_SECOND) return "note";
  return errand === "to-gateway" ? "degraded" : "loss";
}

/** nft's rules die as `rule`, those of the older packet filter as `hook`. */
function explained(signals: Signals, { packets, chain }: DroppingRule): Explained[] {
  const cause = chain.program.endsWith("legacy") ? RULE_CAUSES[1] : RULE_CAUSES[0];
  return [{ cause, packets: Math.min(packets, droppedFor(signals, cause)) }];
}

function fixFor(rule: DroppingRule, headers: readonly DroppedHeader[]): Fix {
  const [header] = headers;
  const isOurs = rule.owner?.name === "MegaNAT";
  const effect = "these packets pass";
  if (isOurs && /untranslated|guard/.test(`${rule.text} ${rule.chain.name}`) && header?.source !== undefined) {
    return {
      text: "The gateway lets no inside address out untranslated, and no source-nat rule of the file takes this one: add it",
      file: `source-nat:\n  - { name: NAME, from: ${networkOf(header.source, 24)}, to: POOL }`,
      effect,
      risk: "none",
    };
  }
  return {
    text:
      rule.owner === undefined
        ? "If they should pass, take the rule away, or let them pass by a rule before it"
        : `If they should pass: ${rule.owner.advice}`,
    commands: isOurs ? [rule.show] : [rule.show, rule.remove],
    effect,
    risk: "somebody wrote the rule, for a reason: it may be a protection; MegaNAT changes no rules of others",
  };
}
