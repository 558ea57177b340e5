import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";
import type { PortRange } from "../address/port-range.ts";
import type { Gateway, PortSelection, ReachedBy, SourceNat, TimeoutName } from "../config/gateway.ts";
import type { Problem } from "../config/problem.ts";
import type { LimitsPlan } from "./limits/limits-plan.ts";
import type { UplinksPlan } from "./uplinks/uplinks-plan.ts";

/** What a gateway file means on a host: capacity, port blocks, table, memory, timers, sysctls; plain data. */
export interface Plan {
  readonly gateway: Gateway;
  /** Errors forbid applying; warnings do not. */
  readonly problems: readonly Problem[];
  /** One for each `source-nat` rule, in the order of the file. */
  readonly sources: readonly SourcePlan[];
  /** For each rule whose subscribers share ports: the chance that a connection is refused. */
  readonly exhaustion: readonly ExhaustionPlan[];
  readonly table: TablePlan;
  readonly rates: RatePlan;
  readonly neighbours: NeighbourPlan;
  readonly timeouts: readonly TimeoutPlan[];
  readonly sysctls: readonly SysctlProposal[];
  /** Absent when the file limits nothing. */
  readonly limits?: LimitsPlan;
  /** Absent when the file names no uplinks. */
  readonly uplinks?: UplinksPlan;
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
  /** How ports are chosen: as the file says, or as `selectPorts` decides. */
  readonly selection: PortSelection;
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

/**
 * What happens when many connections of a rule go to one destination address, port and protocol: each port of a
 * public address can serve that destination once, and the kernel does not go on to the next address.
 */
export interface ExhaustionPlan {
  /** The rule's name. */
  readonly rule: string;
  /** The rule's part of the expected connections. */
  readonly expectedConnections: number;
  /** Subscribers of the public address that serves most of them, and of an address on average. */
  readonly busiestAddressSubscribers: number;
  readonly meanAddressSubscribers: number;
  /** The assumed load first, then the worst case. */
  readonly loads: readonly DestinationLoad[];
}

/** A part of a rule's connections to one destination, on the busiest public address. */
export interface DestinationLoad {
  /** Part of the rule's connections, 0 to 1. */
  readonly share: number;
  /** Ports needed of those there are; above 1 there are too few. */
  readonly occupancy: number;
  /** Chance that the kernel finds no port for one more connection, 0 to 1. */
  readonly refusalChance: number;
}

/** The conntrack table for the connections expected. Bytes, entries, seconds. */
export interface TablePlan {
  /** People or machines behind the gateway that the figures are for. */
  readonly subscribers: number;
  readonly expectedConnections: number;
  /** What the expected connections ask for, head-room included. */
  readonly required: number;
  /** Buckets that the expected connections ask for: two to four for each entry where the memory allows. */
  readonly requiredBuckets: number;
  /** What the table will hold: `required`, or what the host has already if that is more; and the same of buckets. */
  readonly max: number;
  readonly buckets: number;
  /** The host's limit as it is now, if known. A namespace's connections are compared with it, whoever set it. */
  readonly limitNow?: number;
  readonly bucketsNow?: number;
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
  /** Slots of the NAT's own table by source; `assumed` when the host did not say. */
  readonly bysourceBuckets: number;
  readonly bysourceAssumed: boolean;
  readonly bysourceMeanChain: number;
}

/** How fast connections come and how long their entries stay: Little's law, entries = rate x time. */
export interface RatePlan {
  readonly newConnectionsPerSecond: number;
  /** `file`: capacity.new-connections-per-second. `assumed`: the expected connections divided by the mean time. */
  readonly from: "file" | "assumed";
  /** Seconds a connection is assumed to carry traffic before its last timeout runs. */
  readonly activeSeconds: number;
  /** Parts of the new connections by the timeout that ends them; together 1. An assumption. */
  readonly mix: readonly { readonly timeout: TimeoutName; readonly share: number; readonly what: string }[];
  /** Mean time of an entry in the table with the proposed timeouts, seconds, and the entries that makes. */
  readonly meanSeconds: number;
  readonly entries: number;
}

/** Hosts the kernel must know the link-layer address of, because they are on a link themselves. */
export interface NeighbourPlan {
  readonly links: readonly { readonly link: string; readonly interface: string; readonly hosts: number }[];
  readonly hosts: number;
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
  /** True if a larger value that is there already will do. */
  readonly atLeast?: boolean;
  /** False if it cannot be written from the namespace at hand. */
  readonly writable: boolean;
  readonly reason: string;
}

/** A figure of the paper beside ours. */
export interface PaperComparison {
  readonly what: string;
  readonly paper: string;
  readonly ours: string;
  readonly why: string;
}
