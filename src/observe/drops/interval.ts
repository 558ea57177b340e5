import type { DropCount } from "../../kernel/drops/record.ts";
import type { CauseId } from "./cause.ts";
import { classify } from "./classify.ts";
import { splitHookDrops, type ConntrackDelta } from "./split.ts";

/** Drops of one kind within an interval. */
export interface DropRow {
  readonly packets: number;
  readonly cause: CauseId;
  /** The kernel's name of the reason. */
  readonly reason: string;
  /** The function that dropped, or its address if names are hidden. */
  readonly location: string;
  /** `IPv4 UDP`, `IPv6 ICMPv6`, `ARP`, `0x88cc`. */
  readonly protocol: string;
  /** Number of the interface in its namespace; 0 unknown. */
  readonly interface: number;
  /** Inode of the namespace; 0 unknown. */
  readonly namespace: number;
}

/** Names for the kernel's numbers. */
export interface DropNames {
  readonly reason: (reason: number) => string;
  /** Undefined if the kernel hides names. */
  readonly location: (address: bigint) => string | undefined;
}

/** What happened between two readings of the counts, most packets first. */
export function dropRows(
  before: readonly DropCount[],
  after: readonly DropCount[],
  names: DropNames,
  conntrack: (namespace: number) => ConntrackDelta | undefined,
): DropRow[] {
  const rows = new Map<string, DropRow>();
  const add = (row: DropRow): void => {
    const key = [row.cause, row.reason, row.location, row.protocol, row.interface, row.namespace].join("|");
    rows.set(key, { ...row, packets: row.packets + (rows.get(key)?.packets ?? 0) });
  };
  const hooks = new Map<number, DropRow[]>();
  for (const count of difference(before, after)) {
    const reason = names.reason(count.reason);
    const location = names.location(count.location);
    const verdict = classify(reason, location);
    const row = {
      packets: count.packets,
      reason,
      location: location ?? `0x${count.location.toString(16)}`,
      protocol: protocolName(count.protocol, count.transport),
      interface: count.interface,
      namespace: count.namespace,
    };
    if (verdict !== "conntrack") add({ ...row, cause: verdict });
    else {
      const list = hooks.get(count.namespace) ?? [];
      hooks.set(count.namespace, list);
      list.push({ ...row, cause: "hook" });
    }
  }
  for (const [namespace, list] of hooks) shareOut(list, conntrack(namespace)).forEach(add);
  return [...rows.values()].toSorted((a, b) => b.packets - a.packets || (a.reason < b.reason ? -1 : 1));
}

/** The namespace's drops in nf_hook_slow by cause: each row gets its part of each, in whole packets. */
function shareOut(rows: readonly DropRow[], delta: ConntrackDelta | undefined): DropRow[] {
  const split = splitHookDrops(
    rows.reduce((sum, row) => sum + row.packets, 0),
    delta,
  );
  const queue = [...split];
  let [cause, left] = queue.shift() ?? (["hook", 0] as [CauseId, number]);
  return rows.flatMap((row) => {
    const parts: DropRow[] = [];
    for (let packets = row.packets; packets > 0;) {
      if (left === 0) [cause, left] = queue.shift() ?? ["hook", packets];
      const taken = Math.min(left, packets);
      parts.push({ ...row, cause, packets: taken });
      packets -= taken;
      left -= taken;
    }
    return parts;
  });
}

function difference(before: readonly DropCount[], after: readonly DropCount[]): DropCount[] {
  const earlier = new Map(before.map((count) => [keyOf(count), count.packets]));
  return after
    .map((count) => ({ ...count, packets: count.packets - (earlier.get(keyOf(count)) ?? 0) }))
    .filter(({ packets }) => packets > 0);
}

function keyOf(count: DropCount): string {
  const { reason, location, namespace, protocol, transport } = count;
  return [reason, location, namespace, count.interface, protocol, transport].join("|");
}

const ETHER_TYPES: Readonly<Record<number, string>> = { 0x0800: "IPv4", 0x86dd: "IPv6", 0x0806: "ARP" };
const TRANSPORTS: Readonly<Record<number, string>> = {
  1: "ICMP",
  2: "IGMP",
  6: "TCP",
  17: "UDP",
  33: "DCCP",
  47: "GRE",
  50: "ESP",
  58: "ICMPv6",
  132: "SCTP",
};

/** A protocol for people, from its EtherType and the number in the IP header. */
export function protocolName(etherType: number, transport: number): string {
  if (etherType === 0) return "-";
  const name = ETHER_TYPES[etherType] ?? `0x${etherType.toString(16).padStart(4, "0")}`;
  if (transport === 0) return name;
  return `${name} ${TRANSPORTS[transport] ?? `protocol ${transport}`}`;
}
