import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { deltaOf, droppedFor, type Signals } from "../signals.ts";

/** A race now and then is normal on several CPUs. */
const TOLERATED_PER_SECOND = 2;
/** Where a connection in so many finds no port, that is why they fail. */
const FELT = 0.001;
const MOST_ROWS = 5;

/** New connections fail because two packets were translated at the same moment, and to the same. */
export const mode: FailureMode = {
  id: "clash-race",
  title: "New connections race for the same translation",
  severity: "loss",
  why: "A port is taken only when the first packet leaves; two packets that are translated on two CPUs at the same moment can get the same port, and the second is dropped: its sender waits for a repetition, five seconds with DNS.",
  needs: ["table"],
  counters: ["conntrack.insertFailed"],
  examine: (signals) => {
    const { table } = signals;
    if (table === undefined) return [];
    const dropped = droppedFor(signals, "port-exhaustion");
    const counted = deltaOf(signals, "conntrack.insertFailed") - deltaOf(signals, "conntrack.chainTooLong");
    const lost = signals.drops === undefined ? Math.max(0, counted) : dropped;
    if (lost <= TOLERATED_PER_SECOND * signals.seconds) return [];
    if (table.portUse.some(({ refusalChance }) => refusalChance >= FELT)) return [];
    const rate = lost / signals.seconds;
    const [fullest] = table.portUse;
    const evidence: Evidence[] = [
      {
        what: "connections not kept (insert_failed)",
        value: formatCount(deltaOf(signals, "conntrack.insertFailed")),
        meaning: "`drop` of conntrack -S goes up by as many",
      },
      { what: "packets dropped for a translation that was taken", value: formatCount(lost), meaning: formatRate(rate) },
      {
        what: "races solved without loss (clash_resolve)",
        value: formatCount(deltaOf(signals, "conntrack.clashResolve")),
        meaning: "both packets were of one UDP connection",
      },
      {
        what: "the fullest destination",
        value: fullest === undefined ? "none" : `${fullest.destination}:${fullest.destinationPort}`,
        meaning:
          fullest === undefined
            ? "no ports are in use"
            : `${formatPercent(fullest.occupancy)} of the ports of ${fullest.address}: there are free ones`,
      },
    ];
    const rows = lostConnections(signals);
    return [
      {
        summary: `${formatRate(rate)} new connections dropped in a race for their translation; ports are not short`,
        evidence,
        ...(rows.length === 0 ? {} : { top: { title: "Connections that were dropped", rows } }),
        lostPackets: lost,
        explains: [{ cause: "port-exhaustion" }],
        fixes: fixes(),
      },
    ];
  },
};

/** Where the sample tells which cause of connection tracking it was, if only by there being no other. */
function lostConnections({ drops }: Signals): string[] {
  const others = (drops?.rows ?? []).some(({ cause }) => cause === "table-full" || cause === "chain-too-long");
  if (others) return [];
  const lost = (drops?.headers ?? []).filter(({ cause }) => cause === "conntrack" || cause === "port-exhaustion");
  return lost.slice(0, MOST_ROWS).map(({ translation, ...header }) => {
    const from = translation?.before ?? header;
    const wanted = translation === undefined ? "" : `, as ${translation.after.source}:${translation.after.sourcePort}`;
    return `${from.source}:${from.sourcePort} to ${from.destination}:${from.destinationPort}${wanted}`;
  });
}

/** All of them touch the rules: printed only. */
function fixes(): Fix[] {
  return [
    {
      text: "Choose translated ports at random: two that race then seldom choose the same",
      commands: [
        "# nft: masquerade fully-random, or: snat to ADDRESS fully-random",
        "# iptables: -j MASQUERADE --random-fully, or: -j SNAT --to-source ADDRESS --random-fully",
      ],
      file: "source-nat:\n  - { name: office, from: 10.64.1.0/24, to: public, ports: { selection: random } }",
      effect: "races for a port become rare (one in some ten thousand); it does not help two packets of one socket",
      risk: "ports are not preserved any more, which some games and VPNs want",
    },
    {
      text: "Keep DNS away from translation: a cache on the gateway or on every host",
      commands: ["resolvectl statistics   # systemd-resolved; or dnsmasq, unbound; in Kubernetes NodeLocal DNSCache"],
      effect: "questions for A and AAAA, which leave one socket at once, are not translated any more",
      risk: "none; answers may be older by their time to live",
    },
  ];
}
