import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";
import type { PortRange } from "../address/port-range.ts";
import type { Gateway, ReachedBy, SourceNat } from "../config/gateway.ts";
import type { Problem } from "../config/problem.ts";

/** What a gateway file means on a host: capacity, port blocks, table, memory, timers, sysctls; plain data. */
export interface Plan {
  readonly gateway: Gateway;
  /** Errors forbid applying; warnings do not. */
  readonly problems: readonly Problem[];
  /** One for each `source-nat` rule, in the order of the file. */
  readonly sources: readonly SourcePlan[];
  readonly table: TablePlan;
  readonly timeouts: readonly TimeoutPlan[];
  readonly sysctls: readonly SysctlProposal[];
  /** The paper's formulas beside ours. */
  readonly paper: readonly PaperComparison[];
}

/** Where the sources of one rule end up. */
export interface SourcePlan {
  readonly rule: SourceNat;
  /** `from` without `except`: the subscribers, in the order that decides their block. */
  readonly subscribers: readonly Ipv4Range[];
  /** Public addresses in the order of use; empty for masquerade. */
  readonly addresses: readonly PublicAddress[];
  /** How the addresses are reached; undefined for masquerade. */
  readonly reachedBy?: ReachedBy;
  /** Present when each subscriber has ports to itself. */
  readonly blocks?: PortBlocks;
  /** For masquerade, when forwards listen on the link's address: the ports that stay free of them. Else the kernel's own range. */
  readonly masqueradePorts?: PortRange;
  /** Translations possible at once to one destination address, port and protocol; with blocks, of the subscribers there are. */
  readonly translationsPerDestination: number;
  readonly subscriberCount: number;
}

/**
 * One public address and the ports source NAT may use on it. For a shared pool the largest run free of
 * listening ports; for port blocks the pool's ports, of which `blocks.reserved` takes the listening ones.
 */
export interface PublicAddress {
  readonly address: Ipv4;
  readonly ports: PortRange;
}

/**
 * The deterministic allocation of RFC 7422, as parameters. The pool is a fixed grid: block k is
 * block (k mod blocksPerAddress) of address (k div blocksPerAddress). Subscriber i has block i,
 * unless a listening port of a port forward lies in it: then it has the block `displaced` says, a spare
 * from the end of the grid. Appending a subscriber or a forward moves nobody else; appending an address
 * moves the end of the grid, and so only those that `displaced` names.
 */
export interface PortBlocks {
  readonly size: number;
  readonly firstPort: number;
  readonly blocksPerAddress: number;
  readonly addresses: readonly Ipv4[];
  readonly subscribers: readonly Ipv4Range[];
  readonly subscriberCount: number;
  /** [subscriber index, block] for each subscriber that does not have its own block; ascending. */
  readonly displaced: readonly (readonly [subscriber: number, block: number])[];
  /** Blocks nobody gets, because a listening port lies in them; ascending. */
  readonly reserved: readonly number[];
}

/** The conntrack table for the connections expected. Bytes, entries, seconds. */
export interface TablePlan {
  readonly expectedConnections: number;
  readonly max: number;
  readonly buckets: number;
  readonly bytesPerConnection: number;
  readonly bytesPerConnectionWithExtensions: number;
  /** Why connections of this gateway carry an extension block, if they do. */
  readonly extensions: readonly string[];
  /** Table full, hashes included. */
  readonly memoryBytes: number;
  readonly memoryBytesWithExtensions: number;
  readonly hostMemoryBytes: number;
  /** Mean entries in a chain with the expected connections: each is in the table twice. */
  readonly meanChain: number;
  readonly bysourceBuckets: number;
  readonly bysourceMeanChain: number;
}

/** One conntrack timeout: what the kernel has now, what is proposed, what the RFCs ask, what it costs. */
export interface TimeoutPlan {
  /** The kernel's name below net.netfilter, `nf_conntrack_tcp_timeout_established`. */
  readonly sysctl: string;
  readonly name: string;
  readonly now?: number;
  readonly proposed: number;
  readonly rfcMinimum?: number;
  readonly rfc?: string;
  /** Entries fewer (positive) or more (negative) in the table than with the RFC profile, by the file's rates. */
  readonly entriesSaved?: number;
}

/** One kernel setting as it is and as it should be. */
export interface SysctlProposal {
  /** In dots: net.ipv4.ip_forward. For an interface with a dot in its name the dot is written as a slash, as sysctl(8) does. */
  readonly name: string;
  readonly now?: string;
  readonly proposed: string;
  /** `host`: one value for all namespaces. `namespace`: the gateway's own. */
  readonly scope: "host" | "namespace";
  readonly reason: string;
}

/** A figure of the paper beside ours. */
export interface PaperComparison {
  readonly what: string;
  readonly paper: string;
  readonly ours: string;
  readonly why: string;
}
