import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Observation, Severity } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { deltaOf, valueOf, type Signals } from "../signals.ts";

/** Next to the limit the kernel sweeps the table all the time. */
const NEARLY_FULL = 0.95;
const REASON = "NEIGH_CREATEFAIL";
/** Name of the table, of its settings, of its log messages. */
const TABLES = [
  ["arp_cache", "net.ipv4", "IPv4"],
  ["ndisc_cache", "net.ipv6", "IPv6"],
] as const;

/** The neighbour table, one for the whole host, is full: further hosts on its links cannot be reached. */
export const mode: FailureMode = {
  id: "neighbour-overflow",
  title: "The neighbour table is full",
  severity: "loss",
  why: "The kernel keeps the hardware addresses of neighbours in one table for all namespaces; without room in it no packet reaches a further host on any link, containers included.",
  needs: [],
  counters: ["neighbour."],
  examine: (signals) =>
    TABLES.flatMap(([table, settings, family]) => {
      const found = examineTable(signals, table, settings, family);
      return found === undefined ? [] : [found];
    }),
};

function examineTable(signals: Signals, table: string, settings: string, family: string): Observation | undefined {
  const entries = valueOf(signals, `neighbour.${table}.entries`);
  const max = valueOf(signals, `neighbour.${table}.max`);
  if (entries === undefined || max === undefined || max === 0) return undefined;
  const refused = deltaOf(signals, `neighbour.${table}.tableFulls`);
  const dropped = (signals.drops?.rows ?? []).reduce(
    (sum, { reason, packets, protocol }) => sum + (reason === REASON && protocol.startsWith(family) ? packets : 0),
    0,
  );
  const logged = signals.log?.find(({ id, of }) => id === "neighbour-overflow" && of === table)?.now ?? 0;
  const severity = severityOf(signals, refused, dropped, entries / max);
  if (severity === undefined) return undefined;
  const evidence = [
    {
      what: `neighbours in ${table}`,
      value: formatCount(entries),
      meaning: `${formatPercent(entries / max)} of the limit, all namespaces of the host together`,
    },
    { what: `limit (${settings}.neigh.default.gc_thresh3)`, value: formatCount(max) },
    { what: "neighbours refused for want of room (table_fulls)", value: formatCount(refused) },
  ];
  if (dropped > 0) evidence.push({ what: `packets dropped here for it: ${REASON}`, value: formatCount(dropped) });
  if (logged > 0) evidence.push({ what: "kernel log: neighbor table overflow", value: formatCount(logged) });
  const busiest = busiestLinks(signals);
  return {
    subject: table,
    severity,
    summary:
      refused > 0
        ? `${formatCount(entries)} of ${formatCount(max)} ${family} neighbours; ${formatCount(refused)} refused in ${signals.seconds.toFixed(1)} s`
        : `${formatCount(entries)} of ${formatCount(max)} ${family} neighbours: ${formatPercent(1 - entries / max)} left`,
    evidence,
    ...(busiest.length === 0 ? {} : { top: { title: "Neighbours here, by interface", rows: busiest } }),
    lostPackets: dropped,
    explains: dropped > 0 ? [{ cause: "neighbour", packets: dropped }] : [],
    fixes: [raise(settings, max), lookForScan()],
  };
}

/** The table is everybody's: what it refuses others is only worth knowing in a namespace that lost nothing. */
function severityOf(signals: Signals, refused: number, dropped: number, used: number): Severity | undefined {
  if (dropped > 0 && refused > 0) return "loss";
  if (refused > 0) {
    if (signals.drops === undefined) return "loss";
    return signals.host.hostNamespace ? "degraded" : "note";
  }
  if (used < NEARLY_FULL) return undefined;
  return signals.host.hostNamespace ? "risk" : "note";
}

function busiestLinks({ network }: Signals): string[] {
  return network.neighbours
    .map(({ interface: name, states }) => ({ name, states, count: Object.values(states).reduce((a, b) => a + b, 0) }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, 5)
    .map(({ name, states, count }) => {
      const silent = (states["failed"] ?? 0) + (states["incomplete"] ?? 0);
      return `${name}: ${formatCount(count)}, of which ${formatCount(silent)} do not answer`;
    });
}

/** Four times the room; the lower thresholds in the proportions that the kernel has them. */
function raise(settings: string, max: number): Fix {
  const wanted = max * 4;
  // The upper ones first: they may not be below the lower ones for a moment.
  const safe = [
    { kind: "sysctl" as const, name: `${settings}.neigh.default.gc_thresh3`, value: String(wanted) },
    { kind: "sysctl" as const, name: `${settings}.neigh.default.gc_thresh2`, value: String(wanted / 2) },
    { kind: "sysctl" as const, name: `${settings}.neigh.default.gc_thresh1`, value: String(wanted / 8) },
  ];
  return {
    text: "Raise the limits in the host's first namespace",
    commands: safe.map(({ name, value }) => `sysctl -w ${name}=${value}`),
    effect: `room for ${formatCount(wanted)} neighbours, about ${Math.ceil((wanted * 512) / 2 ** 20)} MiB of memory`,
    risk: "none; somebody who scans a large network on a link fills that too",
    safe,
  };
}

function lookForScan(): Fix {
  return {
    text: "If most do not answer: somebody asks for every address of a network on a link; route it elsewhere or drop it",
    commands: ["ip neigh | awk '{print $NF}' | sort | uniq -c", "ip route replace unreachable PREFIX"],
    effect: "addresses that nobody has take no place",
    risk: "a route taken away by mistake cuts off hosts that are there",
  };
}
