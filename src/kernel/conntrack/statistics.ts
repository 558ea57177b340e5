import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { malformed } from "../netlink/header.ts";
import { nfnetlinkMessage, NFGENMSG } from "../netlink/nfnetlink.ts";
import {
  AF_UNSPEC,
  CT_GET_STATS,
  CT_GET_STATS_CPU,
  CTA_STATS_GLOBAL_ENTRIES,
  NFNL_SUBSYS_CTNETLINK,
} from "./attributes.ts";
import { withConntrack } from "./ctnetlink.ts";

/**
 * CTA_STATS_* by number. The kernel counts each per CPU in 32 bits and lets it wrap: compare two readings modulo 2^32.
 * Those that today's kernels no longer send stay 0.
 */
const COUNTERS = [
  "unspecified",
  "searched",
  "found",
  "new",
  "invalid",
  "ignore",
  "delete",
  "deleteList",
  "insert",
  "insertFailed",
  "drop",
  "earlyDrop",
  "error",
  "searchRestart",
  "clashResolve",
  "chainTooLong",
] as const;

/** The name of a counter of connection tracking. */
export type ConntrackCounter = Exclude<(typeof COUNTERS)[number], "unspecified">;

/** Counters since the namespace was made. */
export type ConntrackCounters = Readonly<Record<ConntrackCounter, number>>;

/** What the connection tracking of a namespace has counted. */
export interface ConntrackStatistics {
  /** By CPU number. */
  readonly cpus: readonly (ConntrackCounters & { readonly cpu: number })[];
  /** The sum over all CPUs, not wrapped. */
  readonly sum: ConntrackCounters;
  /** Counters this kernel really sends; the others are 0 because it does not count them. */
  readonly counted: ReadonlySet<ConntrackCounter>;
}

/** How many connections the namespace's table holds now. */
export function readConntrackCount(namespace: NamespaceName): number {
  return withConntrack(namespace, askConntrackCount);
}

/** The counters of every CPU and their sum. */
export function readConntrackStats(namespace: NamespaceName): ConntrackStatistics {
  return withConntrack(namespace, askConntrackStats);
}

/** As `readConntrackCount`, over a connection that is open already. */
export function askConntrackCount(connection: NetlinkConnection): number {
  const attributes = new AttributeCursor(connection.buffer);
  let count: number | undefined;
  const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET_STATS, AF_UNSPEC);
  connection.request(message, "count connections", (reply) => {
    attributes.inMessage(reply, NFGENMSG);
    while (attributes.next()) if (attributes.type === CTA_STATS_GLOBAL_ENTRIES) count = attributes.u32be();
  });
  if (count === undefined) throw malformed("no count of connections in the answer");
  return count;
}

/** As `readConntrackStats`, over a connection that is open already. */
export function askConntrackStats(connection: NetlinkConnection): ConntrackStatistics {
  const attributes = new AttributeCursor(connection.buffer);
  const cpus: (Record<ConntrackCounter, number> & { cpu: number })[] = [];
  const counted = new Set<ConntrackCounter>();
  const sum = noConntrackCounters();
  const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET_STATS_CPU, AF_UNSPEC);
  connection.dump(message, "read conntrack statistics", (reply) => {
    // The CPU's number is in the resource id, the only big-endian field of the header.
    const row = { cpu: (reply.u8(2) << 8) | reply.u8(3), ...noConntrackCounters() };
    attributes.inMessage(reply, NFGENMSG);
    while (attributes.next()) {
      const name = COUNTERS[attributes.type];
      if (name === undefined || name === "unspecified") continue;
      row[name] = attributes.u32be();
      sum[name] += row[name];
      counted.add(name);
    }
    cpus.push(row);
  });
  return { cpus, sum, counted };
}

/** All counters at zero. */
export function noConntrackCounters(): Record<ConntrackCounter, number> {
  const names = COUNTERS.filter((name) => name !== "unspecified");
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<ConntrackCounter, number>;
}
