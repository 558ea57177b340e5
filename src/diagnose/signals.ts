import type { Ruleset } from "./rules/ruleset.ts";
import type { FlowTuple, TableSignal } from "./signals/table.ts";
import type { NetworkSignal } from "./signals/network.ts";
import type { PoolSignal, ServiceSignal } from "./signals/translation.ts";

/** A counter or level of the kernel, at the end of the interval and over it. Names as `meganat stats --json` has them. */
export interface CounterSignal {
  readonly kind: "counter" | "gauge";
  /** At the end. */
  readonly value: number;
  /** Over the interval; absent if the counter was not there before, or began anew meanwhile. */
  readonly delta?: number;
  /** Absent: 64. A counter of 32 bits begins anew after 4,294,967,295. */
  readonly bits?: 32;
  /** At the end, by CPU number, where the kernel counts so. */
  readonly cpus?: Readonly<Record<number, number>>;
  /** Over the interval, by CPU number. */
  readonly cpuDeltas?: Readonly<Record<number, number>>;
}

/** Packets dropped in the interval, of one kind, in the namespace looked at. */
export interface DropSignal {
  readonly packets: number;
  /** `table-full`, `rule`, `no-route`, ...: as `meganat drops` names it. */
  readonly cause: string;
  /** The kernel's name of the reason. */
  readonly reason: string;
  /** The function that dropped. */
  readonly location: string;
  /** `IPv4 UDP`. */
  readonly protocol: string;
  readonly interface: string;
}

/** The header of a packet that was dropped, as it was when it was dropped. Addresses as text. */
export interface DroppedHeader {
  readonly cause: string;
  readonly reason: string;
  readonly location: string;
  readonly interface: string;
  /** Bytes of the packet. */
  readonly length: number;
  readonly protocol?: number;
  readonly source?: string;
  readonly sourcePort?: number;
  readonly destination?: string;
  readonly destinationPort?: number;
  /** Seconds before the last header of the sample. */
  readonly secondsAgo?: number;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
  /** `syn`, `ack`, `rst`, ... */
  readonly tcpFlags?: readonly string[];
  /** The connection it belonged to, in the packet's direction: without and with translation. */
  readonly translation?: { readonly before: FlowTuple; readonly after: FlowTuple };
  /**
   * Of its transport checksum, where all of a packet was sampled. `unfinished`: only the addresses are in it, as a sender
   * leaves it whose network card is to do the rest.
   */
  readonly checksum?: "right" | "wrong" | "unfinished";
}

/** All drops of the interval. */
export interface DropsSignal {
  readonly rows: readonly DropSignal[];
  /** Counted, but by no cause. */
  readonly unattributed: number;
  /** A sample, bounded in rate. */
  readonly headers: readonly DroppedHeader[];
}

/** Messages of one kind in the kernel's log. */
export interface LogSignal {
  /** `table-full`, `martian-source`, ...: as `meganat log` names it. */
  readonly id: string;
  /** What it is about, where the message says: an address, a table. */
  readonly of?: string;
  /** In all of the log that is left. */
  readonly count: number;
  /** Within the interval. */
  readonly now: number;
  /** Of the last one, seconds before the end of the interval. */
  readonly secondsAgo: number;
  /** The last one as the kernel wrote it. */
  readonly last: string;
}

/** The host, or what of it can be seen. */
export interface HostSignal {
  readonly kernelRelease: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly uptimeSeconds: number;
  /** False: a namespace of its own, where host-wide things are only seen in part. */
  readonly hostNamespace: boolean;
  /** Slots of nf_nat_bysource, if they can be known. */
  readonly bysourceBuckets?: number;
  /** It is what the kernel takes for this memory if nobody asks for another size. */
  readonly bysourceAssumed?: boolean;
  /** Modules of the kernel that are loaded, or built in and there. */
  readonly modules: readonly string[];
}

/** The gateway that MegaNAT applied here, if it did. */
export interface GatewaySignal {
  readonly name: string;
  readonly appliedAt: string;
}

/** What the limits of the gateway file refused one subscriber. */
export interface RefusalSignal {
  readonly address: string;
  /** `connections`: it has as many as it may; `rate`: it begins them faster than it may. */
  readonly limit: "connections" | "rate";
  /** Packets refused in the interval. */
  readonly packets: number;
  /** And since the limits are there. */
  readonly total: number;
}

/** Subscribers whose packets wait at an interface, or are dropped there, because of the rates in the gateway file. */
export interface ShapedSignal {
  readonly interface: string;
  readonly held: readonly {
    readonly address: string;
    /** Packets dropped in the interval, and since the class is there. */
    readonly drops: number;
    readonly total: number;
  }[];
}

/** Packets that left the outside interface with a private source address, belonging to no connection. */
export interface LeakSignal {
  readonly interface: string;
  /** How long it was looked for. */
  readonly seconds: number;
  /** At least: not more than 256 are looked at. */
  readonly packets: number;
  /** Some of them; cause, reason and function are empty: nobody dropped them. */
  readonly headers: readonly DroppedHeader[];
}

/** Something that could not be looked at. */
export interface Unseen {
  /** The field of `Signals` that is absent or lacks something. */
  readonly signal: keyof Signals;
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}

/**
 * Everything the doctor looks at, of one namespace: two readings of what counts, an interval apart, and one of what
 * stands. A plain value: it can be kept as JSON and examined elsewhere. What could not be read is absent, and named in
 * `unseen`.
 */
export interface Signals {
  readonly version: 1;
  /** End of the interval, ISO 8601. */
  readonly takenAt: string;
  /** Length of the interval. */
  readonly seconds: number;
  readonly host: HostSignal;
  readonly counters: Readonly<Record<string, CounterSignal>>;
  /** What is behind counter names that are made of numbers: rules by `rule.ID.packets`, kinds of queues. */
  readonly texts: Readonly<Record<string, string>>;
  /** Kernel settings by sysctl name; a dot inside an interface's name is a slash. */
  readonly settings: Readonly<Record<string, string>>;
  readonly network: NetworkSignal;
  readonly drops?: DropsSignal;
  /** The connection table, looked through once near the end of the interval. */
  readonly table?: TableSignal;
  readonly log?: readonly LogSignal[];
  readonly gateway?: GatewaySignal;
  /** The rules of every program, understood; absent where they cannot be read. Not kept in JSON: it has maps. */
  readonly rules?: Ruleset;
  /** What the gateway file's limits refused, by subscriber; empty without limits. Absent where it cannot be read. */
  readonly refusals?: readonly RefusalSignal[];
  /** Interfaces that the gateway file's limits shape; absent as `refusals`. */
  readonly shaped?: readonly ShapedSignal[];
  /** What source NAT may use, by rule; absent where the rules cannot be read. */
  readonly pools?: readonly PoolSignal[];
  /** What the host takes connections from outside for; absent as `pools`. */
  readonly services?: readonly ServiceSignal[];
  /** Packets that left with a private source, of no connection; absent where nobody had reason to look for them. */
  readonly leak?: LeakSignal;
  readonly unseen: readonly Unseen[];
}

/** What a counter or level stands at; undefined: not known. */
export function valueOf(signals: Signals, counter: string): number | undefined {
  return signals.counters[counter]?.value;
}

/** How far a counter went up in the interval; 0 if it is not known. */
export function deltaOf(signals: Signals, counter: string): number {
  return signals.counters[counter]?.delta ?? 0;
}

/** A sysctl as a number; undefined: not known or none. */
export function settingOf(signals: Signals, name: string): number | undefined {
  const text = signals.settings[name];
  const value = Number(text);
  return text === undefined || text === "" || Number.isNaN(value) ? undefined : value;
}

/** Packets dropped for the causes in the interval. */
export function droppedFor(signals: Signals, ...causes: readonly string[]): number {
  const rows = signals.drops?.rows ?? [];
  return rows.reduce((sum, row) => sum + (causes.includes(row.cause) ? row.packets : 0), 0);
}
