import { countAddresses, mergeRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import type { HostFacts } from "./host-facts.ts";
import type { SourcePlan, TablePlan } from "./plan.ts";

/** One `struct nf_conn`: 248 bytes, in a slab of 256 (6.12). */
export const CONNECTION_BYTES = 256;

/** The extension block of a connection, kmalloc-128 (NF_CT_EXT_PREALLOC). */
export const EXTENSION_BYTES = 128;

/** One slot of a hash table, conntrack's or the NAT's. */
export const SLOT_BYTES = 8;

/**
 * Room above the expected connections. At the busy hour the table is then four fifths full: above 95 % the kernel
 * cuts closing connections short, and at the limit it drops new ones.
 */
export const TABLE_HEADROOM = 1.25;

/** The kernel rounds buckets up to whole pages of 512 slots; a power of two is not asked for. */
export const BUCKET_MULTIPLE = 512;

/**
 * Buckets for each entry, the most first. An entry is in the table twice, and each one met in a bucket that is not the
 * one looked for costs a miss of the CPU's caches; a new connection looks into four buckets.
 */
export const BUCKETS_PER_ENTRY: readonly number[] = [4, 2, 1];

/** Up to so many entries one bucket each will do: the CPU's caches hold much of the table, and hosts have as many as they boot with. */
export const SMALL_TABLE = 2 ** 20;

/** The hash may take this part of the host's memory for more than one bucket an entry. */
export const HASH_SHARE = 1 / 32;

const GIB = 2 ** 30;

/** Everyone the gateway translates for, each once: sources of `source-nat` and the hosts of `static-nat`. */
export function everyoneInside(gateway: Gateway, sources: readonly SourcePlan[]): Ipv4Range[] {
  return mergeRanges([
    ...sources.flatMap((source) => source.subscribers),
    ...gateway.staticNat.map((rule) => rule.private),
  ]);
}

/** The conntrack table for the connections the file expects, on this host. */
export function planTable(gateway: Gateway, sources: readonly SourcePlan[], facts: HostFacts): TablePlan {
  const subscribers = gateway.capacity.subscribers ?? countAddresses(everyoneInside(gateway, sources));
  const expectedConnections = subscribers * gateway.capacity.connectionsPerSubscriber;
  const required = Math.ceil((expectedConnections * TABLE_HEADROOM) / BUCKET_MULTIPLE) * BUCKET_MULTIPLE;
  const limitNow = numberOf(facts, "net.netfilter.nf_conntrack_max");
  const bucketsNow = numberOf(facts, "net.netfilter.nf_conntrack_buckets");
  const max = Math.max(required, limitNow ?? 0);
  const requiredBuckets = bucketsFor(required, facts.memoryBytes);
  const buckets = Math.max(requiredBuckets, bucketsNow ?? 0);
  const bysourceBuckets = facts.bysourceBuckets ?? bucketsAtBoot(facts.memoryBytes);
  const withExtensions = CONNECTION_BYTES + EXTENSION_BYTES;
  const hashes = (buckets + bysourceBuckets) * SLOT_BYTES;
  return {
    subscribers,
    expectedConnections,
    required,
    requiredBuckets,
    max,
    buckets,
    ...(limitNow === undefined ? {} : { limitNow }),
    ...(bucketsNow === undefined ? {} : { bucketsNow }),
    bytesPerConnection: CONNECTION_BYTES,
    bytesPerConnectionWithExtensions: withExtensions,
    extensions: extensionsOf(gateway, facts),
    memoryBytes: max * CONNECTION_BYTES + hashes,
    memoryBytesWithExtensions: max * withExtensions + hashes,
    hostMemoryBytes: facts.memoryBytes,
    meanChain: ratio(2 * expectedConnections, buckets),
    bysourceBuckets,
    bysourceAssumed: facts.bysourceBuckets === undefined,
    bysourceMeanChain: ratio(expectedConnections, bysourceBuckets),
  };
}

/** Memory of the table when it holds what the file asks for, head-room included; with extensions if there are any. */
export function requiredMemory(table: TablePlan): number {
  const each = table.extensions.length > 0 ? table.bytesPerConnectionWithExtensions : table.bytesPerConnection;
  const hashes = (Math.max(table.requiredBuckets, table.bucketsNow ?? 0) + table.bysourceBuckets) * SLOT_BYTES;
  return table.required * each + hashes;
}

/** Buckets for so many entries on a host with so much memory. */
export function bucketsFor(entries: number, memoryBytes: number): number {
  if (entries <= SMALL_TABLE) return entries;
  const each = BUCKETS_PER_ENTRY.find((count) => entries * count * SLOT_BYTES <= memoryBytes * HASH_SHARE) ?? 1;
  return entries * each;
}

/** What the kernel makes of `nf_conntrack_buckets` at boot if nothing is said (nf_conntrack_init_start, 5.15 on). */
export function bucketsAtBoot(memoryBytes: number): number {
  if (memoryBytes > 4 * GIB) return 262_144;
  if (memoryBytes > GIB) return 65_536;
  return Math.max(1024, Math.floor(memoryBytes / 16_384 / 8));
}

/** Settings that give each connection an extension block when they are 1, and why. */
export const EXTENSION_SWITCHES = {
  nf_conntrack_acct: "nf_conntrack_acct = 1 counts packets and bytes of each connection",
  nf_conntrack_timestamp: "nf_conntrack_timestamp = 1 keeps the start of each connection",
  nf_conntrack_events: "nf_conntrack_events = 1 prepares events for listeners that may never come (2 waits for one)",
  nf_conntrack_helper: "nf_conntrack_helper = 1 attaches protocol helpers by port number",
} as const;

/** Why connections here carry an extension block (the callers of nf_ct_ext_add). */
function extensionsOf(gateway: Gateway, facts: HostFacts): string[] {
  const reasons: string[] = [];
  const masquerading = gateway.sourceNat.filter((rule) => rule.to.kind === "masquerade").map((rule) => rule.name);
  if (masquerading.length > 0)
    reasons.push(`masquerade (${masquerading.join(", ")}) keeps the interface of each connection`);
  for (const [name, reason] of Object.entries(EXTENSION_SWITCHES)) {
    if (facts.sysctls[`net.netfilter.${name}`] === "1") reasons.push(reason);
  }
  return reasons;
}

function numberOf(facts: HostFacts, name: string): number | undefined {
  const value = facts.sysctls[name];
  return value === undefined ? undefined : Number(value);
}

function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}
