import type { FailureMode } from "../failure-mode.ts";
import type { ConnectionFilter, Fix, Observation } from "../finding.ts";
import { formatCount } from "../figures.ts";
import { flowWords } from "../flow-words.ts";
import { lookUpRoute } from "../look-up-route.ts";
import { networkOf } from "../packet-place.ts";
import { translationsOf } from "../rules/nat-rules.ts";
import { addressTypes, firstPacket, type Packet } from "../rules/packet.ts";
import type { Rule, Ruleset } from "../rules/ruleset.ts";
import { deltaOf, type Signals } from "../signals.ts";
import type { FlowSignal } from "../signals/table.ts";
import { poolOf } from "../translation/pool-of.ts";
import { ruleTitle } from "../translation/rule-name.ts";

const ICMP = 1;
const UNTRANSLATED_DROPS = "counter.ip/meganat/dropped_untranslated.packets";

/** A connection that the rules of now would treat otherwise. */
interface Stale {
  readonly flow: FlowSignal;
  readonly rule: Rule;
  readonly lacks: "source" | "destination" | "target";
}

const WORDS = {
  source: "their source is not translated, though a rule says so",
  destination: "they are not forwarded, though a rule says so",
  target: "they are forwarded to a server that the rule no longer names",
} as const;

/** Connections are older than the rules, and go on as before. */
export const mode: FailureMode = {
  id: "stale-entry",
  title: "Connections are older than the rule that should translate them",
  severity: "degraded",
  why: "Rules of NAT are asked for the first packet of a connection only: a connection that was there before its rule goes on untranslated as long as packets come, and nobody can answer it.",
  needs: ["table", "rules"],
  // A firewall, or our own guard, may drop what leaves untranslated.
  consequences: ["rule-drop"],
  examine: (signals) => {
    const { table, rules } = signals;
    if (table === undefined || rules === undefined) return [];
    const kinds = [
      [table.untranslated, table.seen?.untranslated, "source"],
      [table.unforwarded ?? [], table.seen?.unforwarded, "destination"],
      [table.unansweredForwards, table.seen?.unansweredForwards, "target"],
    ] as const;
    return kinds.flatMap(([flows, seen = flows.length, lacks]) => {
      const stale = flows.flatMap((flow) => judge(flow, lacks, rules, signals) ?? []);
      return stale.length === 0 ? [] : [observe(stale, Math.round((seen * stale.length) / flows.length), signals)];
    });
  },
};

function judge(flow: FlowSignal, lacks: Stale["lacks"], rules: Ruleset, signals: Signals): Stale | undefined {
  if (flow.family !== 4 || flow.zone !== 0 || flow.status.includes("expected")) return undefined;
  const types = addressTypes(signals.network.addresses.map(({ address }) => address));
  const made = translationsOf(rules, packetOf(flow, signals), (packet) => wayOut(packet, signals), {
    addressType: types,
  });
  const kind = lacks === "source" ? made.source : made.destination;
  const [first] = kind;
  if (first?.certainty !== "yes") return undefined;
  const { source, destination } = made.packet;
  if (lacks === "source") {
    // Translated to what it is already: the kernel then says it was not.
    const pool = poolOf(signals.pools ?? [], flow.original.source)?.pool;
    if (source === flow.original.source || pool?.rule === first.rule.id) return undefined;
  } else if (lacks === "target" && (destination === flow.reply.source || destination === "?")) return undefined;
  return { flow, rule: first.rule, lacks };
}

function packetOf({ protocol, original, mark }: FlowSignal, { network }: Signals): Packet {
  const { source, destination, sourcePort, destinationPort } = original;
  const inInterface = lookUpRoute(network, { destination: source })?.route?.interface;
  const ports = protocol === ICMP ? {} : { sourcePort, destinationPort };
  const packet = firstPacket(
    { protocol, source, destination, ...ports },
    inInterface === undefined ? {} : { inInterface },
  );
  const icmp = protocol === ICMP ? { icmpType: destinationPort >> 8, icmpCode: destinationPort & 0xff } : {};
  return { ...packet, ...icmp, ...(mark === 0 ? {} : { connection: { ...packet.connection, state: "new", mark } }) };
}

function wayOut({ source, destination }: Packet, { network }: Signals): string | undefined {
  const route = lookUpRoute(network, { source, destination })?.route;
  return route?.type === "unicast" ? route.interface : undefined;
}

function observe(stale: readonly Stale[], count: number, signals: Signals): Observation {
  const [first] = stale;
  const lacks = first?.lacks ?? "source";
  const rules = new Map(stale.map(({ rule }) => [rule.id, rule]));
  const dropped = lacks === "source" ? deltaOf(signals, UNTRANSLATED_DROPS) : 0;
  const many = `${formatCount(count)} ${count === 1 ? "connection is" : "connections are"}`;
  return {
    subject: lacks,
    summary: `${many} older than the rules: ${WORDS[lacks]}`,
    evidence: [
      { what: "connections that the rules of now would treat otherwise", value: formatCount(count) },
      ...[...rules.values()].slice(0, 3).map((rule) => ({
        what: ruleTitle({ rule: rule.id, text: rule.text, program: rule.program, number: rule.number }),
        value: rule.text,
        meaning: "would translate them if they began now",
      })),
      ...(dropped > 0
        ? [
            {
              what: "packets of such connections dropped at the way out",
              value: formatCount(dropped),
              meaning: "the gateway lets no inside address out",
            },
          ]
        : []),
    ],
    top: { title: "Some of them", rows: stale.slice(0, 5).map(({ flow }) => flowWords(flow)) },
    ...(dropped > 0 ? { lostPackets: dropped, explains: [{ cause: "rule", packets: dropped }] } : {}),
    fixes: [forget(stale, count)],
  };
}

function forget(stale: readonly Stale[], count: number): Fix {
  const lacks = stale[0]?.lacks ?? "source";
  const filters = count <= stale.length ? stale.map(exactly) : networks(stale);
  const options = lacks === "source" ? "-s" : "-d";
  const addresses = new Set(
    stale.map(({ flow }) => (lacks === "source" ? flow.original.source : flow.original.destination)),
  );
  return {
    text: "Delete just these connections",
    commands: [...addresses].slice(0, 5).map((address) => `conntrack -D ${options} ${address}`),
    effect: "the next packet of each makes it anew, by the rules of now",
    risk: "TCP connections among them break if they worked untranslated; they begin anew",
    safe: [{ kind: "delete-connections", filters }],
  };
}

function exactly({ flow: { protocol, original, reply }, lacks }: Stale): ConnectionFilter {
  const { source, destination, sourcePort, destinationPort } = original;
  return {
    protocol,
    source,
    destination,
    ...(protocol === ICMP ? {} : { sourcePort, destinationPort }),
    ...rest(lacks, reply.source),
  };
}

/** More than were looked at: all that lack the same, from the same networks or to the same ports. */
function networks(stale: readonly Stale[]): ConnectionFilter[] {
  const filters = stale.map(({ flow: { protocol, original, reply }, lacks }): ConnectionFilter =>
    lacks === "source"
      ? { source: networkOf(original.source, 24), ...rest(lacks, reply.source) }
      : {
          protocol,
          destination: original.destination,
          destinationPort: original.destinationPort,
          ...rest(lacks, reply.source),
        },
  );
  return [...new Map(filters.map((filter) => [JSON.stringify(filter), filter])).values()];
}

function rest(lacks: Stale["lacks"], server: string): ConnectionFilter {
  if (lacks === "target") return { replySource: server, with: ["dnat"], without: ["seen-reply"] };
  return { without: lacks === "source" ? ["snat"] : ["dnat"] };
}
