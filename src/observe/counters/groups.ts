import { readExpectations } from "../../kernel/conntrack/expectations.ts";
import { readConntrackCount, readConntrackStats, type ConntrackStatistics } from "../../kernel/conntrack/statistics.ts";
import { parseConntrackStat } from "../../kernel/counters/conntrack-proc.ts";
import { readCpuTimes } from "../../kernel/counters/cpu-time.ts";
import { readLinkCounters } from "../../kernel/counters/link-counters.ts";
import { readConntrackListeners } from "../../kernel/counters/netlink-sockets.ts";
import { readNeighbourTables } from "../../kernel/counters/neighbour-counters.ts";
import { netFileName, readNetFile } from "../../kernel/counters/proc-net.ts";
import {
  parseFragmentMemory,
  parseProtocolCounters,
  parseSoftnet,
  parseStatTable,
  statColumn,
  type SoftnetRow,
} from "../../kernel/counters/proc-table.ts";
import { readQueueCounters } from "../../kernel/counters/queue-counters.ts";
import { readRuleCounters, type RuleCounter } from "../../kernel/counters/rule-counters.ts";
import { KernelError } from "../../kernel/error.ts";
import { readDriverStatistics } from "../../kernel/ethtool-statistics.ts";
import { readLegacyRuleCounters } from "../../kernel/iptables-legacy.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { listLinks } from "../../kernel/route/link.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { attempt, type CounterGroup, type GroupReadings } from "./group-readings.ts";
import { counter, gauge, perCpu, type Reading } from "./reading.ts";
import { COUNTER_WORDS } from "./words.ts";

type Read = (namespace: NamespaceName, into: GroupReadings) => void;

/** How each group is read, in the order in which they are shown. */
export const COUNTER_GROUPS: readonly (readonly [CounterGroup, Read])[] = [
  ["conntrack", readConntrack],
  ["expectation", readExpectation],
  ["protocol", readProtocol],
  ["route", readRoute],
  ["softnet", readSoftnet],
  ["interface", readInterfaces],
  ["queue", readQueues],
  ["neighbour", readNeighbours],
  ["fragment", readFragments],
  ["cpu", readCpus],
  ["driver", readDrivers],
  ["listener", readListeners],
  ["rule", readRules],
];

function readConntrack(namespace: NamespaceName, into: GroupReadings): void {
  const { readings } = into;
  const max = sysctlNumber(namespace, "net.netfilter.nf_conntrack_max");
  const buckets = sysctlNumber(namespace, "net.netfilter.nf_conntrack_buckets");
  const { statistics, count } = conntrackStatistics(namespace, into);
  if (count !== undefined) readings["conntrack.count"] = gauge(count);
  if (max !== undefined) readings["conntrack.max"] = gauge(max);
  if (buckets !== undefined) readings["conntrack.buckets"] = gauge(buckets);
  // Every connection is in the hash twice, once for each direction.
  if (count !== undefined && buckets) readings["conntrack.meanChain"] = gauge((2 * count) / buckets);
  for (const name of statistics?.counted ?? []) {
    readings[`conntrack.${name}`] = perCpu(
      Object.fromEntries(statistics?.cpus.map((row) => [row.cpu, row[name]]) ?? []),
      32,
    );
  }
}

/** By netlink, which needs CAP_NET_ADMIN; else from /proc, which not every kernel has. */
function conntrackStatistics(
  namespace: NamespaceName,
  into: GroupReadings,
): { readonly statistics?: ConntrackStatistics; readonly count?: number | undefined } {
  try {
    return { statistics: readConntrackStats(namespace), count: readConntrackCount(namespace) };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const count = sysctlNumber(namespace, "net.netfilter.nf_conntrack_count");
    try {
      const { statistics } = parseConntrackStat(readNetFile(namespace, "stat/nf_conntrack"));
      return { statistics, count };
    } catch (second) {
      if (!(second instanceof KernelError)) throw second;
      const why = `${error.message}; and ${second.message}`;
      into.missing.push({ group: "conntrack", what: "conntrack statistics", why, remedy: error.remedy });
      return { count };
    }
  }
}

function readExpectation(namespace: NamespaceName, into: GroupReadings): void {
  const max = sysctlNumber(namespace, "net.netfilter.nf_conntrack_expect_max");
  if (max !== undefined) into.readings["expectation.max"] = gauge(max);
  let found: { readonly count?: number; readonly new: readonly number[] } & Record<
    "create" | "delete",
    readonly number[]
  >;
  try {
    found = readExpectations(namespace);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    // Whoever may not ask by netlink still gets the counters, though not how many there are now.
    into.missing.push({
      group: "expectation",
      what: "number of expectations",
      why: error.message,
      remedy: error.remedy,
    });
    found = parseConntrackStat(readNetFile(namespace, "stat/nf_conntrack")).expectations;
  }
  if (found.count !== undefined) into.readings["expectation.count"] = gauge(found.count);
  for (const name of ["new", "create", "delete"] as const) {
    into.readings[`expectation.${name}`] = perCpu(byIndex(found[name]), 32);
  }
}

function readProtocol(namespace: NamespaceName, into: GroupReadings): void {
  for (const file of ["snmp", "netstat"]) {
    attempt(into, "protocol", netFileName(file), () => {
      for (const [name, value] of parseProtocolCounters(readNetFile(namespace, file))) {
        if (name in COUNTER_WORDS) into.readings[name] = name === "Ip.Forwarding" ? gauge(value) : counter(value);
      }
    });
  }
}

function readRoute(namespace: NamespaceName, into: GroupReadings): void {
  const table = parseStatTable(readNetFile(namespace, "stat/rt_cache"));
  for (const name of ["in_no_route", "in_martian_src", "in_martian_dst"]) {
    const column = statColumn(table, name);
    if (column !== undefined) into.readings[`route.${name}`] = perCpu(byIndex(column), 32);
  }
}

function readSoftnet(namespace: NamespaceName, into: GroupReadings): void {
  const rows = parseSoftnet(readNetFile(namespace, "softnet_stat"));
  for (const name of ["processed", "dropped", "timeSqueeze", "receivedRps", "flowLimit"] as const) {
    into.readings[`softnet.${name}`] = perCpu(byCpu(rows, name), 32);
  }
  if (rows.some((row) => row.backlog !== undefined)) {
    into.readings["softnet.backlog"] = { ...perCpu(byCpu(rows, "backlog"), 32), kind: "gauge" };
  }
}

function byCpu(rows: readonly SoftnetRow[], name: keyof SoftnetRow): Record<number, number> {
  return Object.fromEntries(rows.map((row) => [row.cpu, row[name] ?? 0]));
}

function readInterfaces(namespace: NamespaceName, into: GroupReadings): void {
  for (const { name, counters } of readLinkCounters(namespace)) {
    for (const [field, value] of Object.entries(counters)) {
      into.readings[`interface.${name}.${field}`] = counter(value);
    }
  }
}

function readQueues(namespace: NamespaceName, into: GroupReadings): void {
  for (const queue of readQueueCounters(namespace)) {
    if (queue.kind === "noqueue") continue;
    const name = `queue.${queue.interface}.${queue.place}`;
    into.texts[name] = queue.kind;
    const fields: Record<string, Reading> = {
      packets: counter(queue.packets),
      bytes: counter(queue.bytes),
      drops: counter(queue.drops, 32),
      overlimits: counter(queue.overlimits, 32),
      requeues: counter(queue.requeues, 32),
      length: gauge(queue.queueLength),
      backlogBytes: gauge(queue.backlogBytes),
    };
    for (const [field, reading] of Object.entries(fields)) into.readings[`${name}.${field}`] = reading;
  }
}

function readNeighbours(namespace: NamespaceName, into: GroupReadings): void {
  const { readings } = into;
  for (const { name, entries, thresholds, resolveFailed, forcedGcRuns, tableFulls } of readNeighbourTables(namespace)) {
    readings[`neighbour.${name}.entries`] = gauge(entries);
    readings[`neighbour.${name}.max`] = gauge(thresholds[2]);
    readings[`neighbour.${name}.resolveFailed`] = counter(resolveFailed);
    readings[`neighbour.${name}.forcedGcRuns`] = counter(forcedGcRuns);
    readings[`neighbour.${name}.tableFulls`] = counter(tableFulls);
    // Netlink leaves this one out, and the file is in the host's first namespace only.
    attempt(into, "neighbour", `unresolved discards of ${name}`, () => {
      const column = statColumn(parseStatTable(readNetFile(namespace, `stat/${name}`)), "unresolved_discards");
      if (column !== undefined) readings[`neighbour.${name}.unresolvedDiscards`] = perCpu(byIndex(column), 32);
    });
  }
}

function readFragments(namespace: NamespaceName, into: GroupReadings): void {
  const memory = parseFragmentMemory(readNetFile(namespace, "sockstat"));
  const high = sysctlNumber(namespace, "net.ipv4.ipfrag_high_thresh");
  if (memory !== undefined) {
    into.readings["fragment.packets"] = gauge(memory.packets);
    into.readings["fragment.bytes"] = gauge(memory.bytes);
  }
  if (high !== undefined) into.readings["fragment.maxBytes"] = gauge(high);
}

function readCpus(_namespace: NamespaceName, into: GroupReadings): void {
  const times = readCpuTimes();
  for (const field of ["softirq", "busy"] as const) {
    const byCpu = Object.fromEntries(times.map((time) => [time.cpu, time[field]]));
    into.readings[`cpu.${field}Ms`] = perCpu(byCpu, 64);
  }
}

/** Of a driver's own counters only those that tell of packets lost for want of room, or of a cloud's limits. */
const DRIVER_COUNTERS =
  /(allowance_(exceeded|available)|out_of_buffer|no_buf(fer)?(_count)?|no_dma_resources|rx_missed(_errors)?|rx_overruns|rx_discards?)$/;
/** A host of containers has thousands of interfaces; cards are few and come first. */
const MOST_DRIVERS = 16;

function readDrivers(namespace: NamespaceName, into: GroupReadings): void {
  const cards = listLinks(namespace).filter(({ kind, name }) => kind === undefined && name !== "lo");
  for (const { name } of cards.slice(0, MOST_DRIVERS)) {
    attempt(into, "driver", `statistics of ${name}'s driver`, () => {
      for (const [field, value] of readDriverStatistics(namespace, name)) {
        if (!DRIVER_COUNTERS.test(field)) continue;
        const reading = field.endsWith("_available") ? gauge(value) : counter(value);
        into.readings[`driver.${name}.${field}`] = reading;
      }
    });
  }
}

function readListeners(namespace: NamespaceName, into: GroupReadings): void {
  for (const { inode, owner, events, queuedBytes, drops } of readConntrackListeners(namespace)) {
    const name = `listener.${inode}`;
    into.texts[name] =
      `${owner === undefined ? "a program" : `${owner.program} (process ${owner.pid})`}: ${events.join(", ")}`;
    into.readings[`${name}.drops`] = counter(drops, 32);
    into.readings[`${name}.queuedBytes`] = gauge(queuedBytes);
  }
}

function readRules(namespace: NamespaceName, into: GroupReadings): void {
  const add = (list: readonly RuleCounter[]): void => {
    for (const { kind, id, text, packets, bytes } of list) {
      const name = `${kind === "policy" ? "rule" : kind}.${id}`;
      into.readings[`${name}.packets`] = counter(packets);
      into.readings[`${name}.bytes`] = counter(bytes);
      into.texts[name] = text;
    }
  };
  attempt(into, "rule", "rules of nftables", () => add(readRuleCounters(namespace)));
  attempt(into, "rule", "rules of iptables-legacy", () => add(readLegacyRuleCounters(namespace)));
}

function byIndex(values: readonly number[]): Record<number, number> {
  return Object.fromEntries(values.entries());
}

function sysctlNumber(namespace: NamespaceName, name: string): number | undefined {
  const text = readSysctl(namespace, name);
  return text === undefined ? undefined : Number(text);
}
