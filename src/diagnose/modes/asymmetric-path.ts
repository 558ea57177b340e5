import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { flowWords } from "../flow-words.ts";
import { lookUpRoute } from "../look-up-route.ts";
import { networkOf } from "../packet-place.ts";
import { deltaOf, settingOf, type Signals } from "../signals.ts";
import type { FlowSignal } from "../signals/table.ts";

const TCP = 6;
/** Fewer connections say nothing: a server may be down. */
const ENOUGH = 10;
/** The part of the forwarded TCP connections that is one-sided. */
const NEARLY_ALL = 0.8;
/** Every connection one half of which passes by gives at least its acknowledgement as invalid. */
const INVALID_FOR_EACH = 1;
const SYN_SENT_SECONDS = 120;

/** One direction of connections passes through this host, the other another way. */
export const mode: FailureMode = {
  id: "asymmetric-path",
  title: "Only one direction of connections passes through this host",
  severity: "degraded",
  why: "Connection tracking must see both directions: with one of them it takes the packets after the first for invalid, keeps the connection half-open until it expires, and cannot translate it.",
  needs: ["table"],
  examine: (signals) => {
    const { table } = signals;
    // Answers in another zone are as invisible: that is another finding.
    if (table === undefined || table.zones.some(({ key }) => key !== "0")) return [];
    return questionsOnly(signals) ?? answersOnly(signals) ?? [];
  },
};

/** SYN and what follows it pass here, SYN-ACK does not. */
function questionsOnly(signals: Signals): Observation[] | undefined {
  const { table, seconds } = signals;
  const flows = (table?.untranslated ?? []).filter(({ protocol, family }) => protocol === TCP && family === 4);
  const open = flows.filter(({ state, status }) => state === "SYN_SENT" && !status.includes("seen-reply"));
  if (open.length < ENOUGH || open.length < flows.length * NEARLY_ALL) return undefined;
  const all = table?.states.find(({ protocol, state }) => protocol === TCP && state === "SYN_SENT")?.unreplied ?? 0;
  const lifetime = settingOf(signals, "net.netfilter.nf_conntrack_tcp_timeout_syn_sent") ?? SYN_SENT_SECONDS;
  const begun = Math.max(all / lifetime, deltaOf(signals, "conntrack.count") / seconds);
  const invalid = deltaOf(signals, "conntrack.invalid") / seconds;
  // A flood of SYN, or a server that is down, is not followed by anything.
  if (invalid < Math.max(1, begun * INVALID_FOR_EACH)) return undefined;
  return [
    observe(signals, open, `${formatCount(all)} connections`, "from who began them to who is called", [
      {
        what: "forwarded TCP connections without a SYN-ACK",
        value: formatCount(all),
        meaning: `${formatPercent(open.length / flows.length)} of the untranslated ones looked at`,
      },
      {
        what: "packets found invalid",
        value: formatRate(invalid),
        meaning: "acknowledgements and data of connections whose SYN-ACK was not seen",
      },
    ]),
  ];
}

/** What the server sends passes here, what the client sends does not: picked up in the middle. */
function answersOnly(signals: Signals): Observation[] | undefined {
  const { table } = signals;
  const own = new Set(signals.network.addresses.map(({ address }) => address));
  const flows = (table?.oneWay ?? []).filter(
    ({ protocol, family, original }) => protocol === TCP && family === 4 && !own.has(original.destination),
  );
  if (flows.length < ENOUGH || isScan(flows)) return undefined;
  const seen = table?.seen?.oneWay ?? flows.length;
  return [
    observe(signals, flows, `${formatCount(seen)} connections`, "from the servers to their clients", [
      {
        what: "TCP connections picked up in the middle, with packets in one direction only",
        value: formatCount(seen),
        meaning: "beyond SYN_SENT and UNREPLIED in conntrack -L",
      },
      {
        what: "packets found invalid",
        value: formatRate(deltaOf(signals, "conntrack.invalid") / signals.seconds),
        meaning: "a SYN-ACK without its SYN is one",
      },
    ]),
  ];
}

/** One source, and hardly a destination twice. */
function isScan(flows: readonly FlowSignal[]): boolean {
  const sources = new Set(flows.map(({ original }) => original.source));
  const ends = new Set(flows.map(({ original }) => `${original.destination}:${original.destinationPort}`));
  return sources.size === 1 && ends.size > flows.length / 2;
}

function observe(
  signals: Signals,
  flows: readonly FlowSignal[],
  count: string,
  direction: string,
  figures: readonly Evidence[],
): Observation {
  const [first] = flows;
  const from = first?.original.source ?? "";
  const to = first?.original.destination ?? "";
  const [here, there] = [wayTo(signals, from), wayTo(signals, to)];
  return {
    summary: `Of ${count} only the packets ${direction} pass through this host`,
    evidence: [
      ...figures,
      { what: `way back to ${from}`, value: here, meaning: "as this host would send it" },
      { what: `way to ${to}`, value: there },
    ],
    top: { title: "Some of them", rows: flows.slice(0, 5).map(flowWords) },
    fixes: [sameWay(from, to), leaveAlone(from, to)],
  };
}

function wayTo({ network }: Signals, address: string): string {
  const route = lookUpRoute(network, { destination: address })?.route;
  if (route?.interface === undefined) return "none";
  return `${route.interface}${route.via === undefined ? "" : ` via ${route.via}`}`;
}

function sameWay(from: string, to: string): Fix {
  return {
    text: "Let both directions pass through this host",
    commands: [
      `ip route get ${from}    # on the router or host at the other end, ${to}`,
      `traceroute ${from}    # from there`,
    ],
    effect: "connection tracking sees whole connections",
    risk: "none; look for a second router, a policy rule, or another default route at the other end",
  };
}

function leaveAlone(from: string, to: string): Fix {
  return {
    text: "Or do not track what passes one way, if nothing of it needs translation",
    commands: [
      "nft add table ip untracked",
      "nft add chain ip untracked in '{ type filter hook prerouting priority raw; }'",
      `nft add rule ip untracked in ip saddr ${networkOf(from, 24)} ip daddr ${networkOf(to, 24)} notrack`,
    ],
    effect: "these packets are forwarded without being looked at; none is invalid any more",
    risk: "they are not translated, and rules with `ct state` do not know them",
  };
}
