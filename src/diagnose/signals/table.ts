/** A connection as the table has it. Addresses as text. */
export interface FlowSignal {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly original: FlowTuple;
  /** What an answer looks like when it arrives. */
  readonly reply: FlowTuple;
  /** Of TCP, SCTP, DCCP. */
  readonly state?: string;
  /** `assured`, `seen-reply`, `snat`, `dnat`, `offload`, ...: as `meganat flows --json` has them. */
  readonly status: readonly string[];
  /** Seconds left. */
  readonly timeout: number;
  readonly zone: number;
  readonly mark: number;
  readonly helper?: string;
  /** Original and reply direction; absent where nf_conntrack_acct is off. */
  readonly packets?: readonly [number, number];
  readonly bytes?: readonly [number, number];
  /** Seconds since it began; absent where nf_conntrack_timestamp is off. */
  readonly age?: number;
}

/** One direction of a connection; for ICMP the ports are the identifier and type times 256 plus code. */
export interface FlowTuple {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** Connections of one protocol and state. */
export interface StateSignal {
  readonly protocol: number;
  /** Empty for protocols without. */
  readonly state: string;
  readonly count: number;
  readonly assured: number;
  readonly unreplied: number;
  /**
   * By how long they have been idle, at least: the timeout of their state now in force, less what is left of it. Up to
   * 10 s, 1 min, 10 min, 1 h, 12 h, 1 d, longer. Absent for states whose timeout is not known.
   */
  readonly idle?: readonly number[];
}

/** Upper ends, in seconds, of the classes of `StateSignal.idle`; the last class has none. */
export const IDLE_CLASSES: readonly number[] = [10, 60, 600, 3600, 43_200, 86_400];

/** Something connections have in common, and how many. */
export interface GroupSignal {
  /** As text: an address, `address:port`, a number. */
  readonly key: string;
  readonly count: number;
}

/** Ports of a public address taken up by one destination. */
export interface PortUseSignal {
  readonly address: string;
  readonly protocol: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** What may be used there. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly used: number;
  /** 0 to 1; over 1 if ports outside of what may be used are. */
  readonly occupancy: number;
  /** That the next connection finds no port, 0 to 1. */
  readonly refusalChance: number;
  /** Whose connections they are, the most first; empty where nobody looked. */
  readonly subscribers: readonly GroupSignal[];
}

/** Connections of one zone of connection tracking. */
export interface ZoneSignal extends GroupSignal {
  /** Those that nobody has answered. */
  readonly unreplied?: number;
}

/** A connection nobody has answered as far as its entry knows, and the entry its answer has made in another zone. */
export interface StrayAnswer {
  readonly flow: FlowSignal;
  readonly answer: FlowSignal;
}

/** Connections through one public address. */
export interface PublicAddressSignal {
  readonly address: string;
  /** Whose source was translated to it. */
  readonly connections: number;
  /** Those that nobody has answered. */
  readonly unreplied?: number;
  /** The fullest destination of it, in percent of the ports, is among `portUse`. */
  readonly hosts?: number;
}

/** Numbers of the connections of which `TableSignal` has some. */
export interface SeenFlows {
  readonly untranslated: number;
  readonly unansweredForwards: number;
  readonly oneWay: number;
  readonly shadowed: number;
  readonly unforwarded: number;
}

/**
 * What one pass over the connection table says, in memory that does not grow with it. Lists have the most frequent, the
 * most first; `exact` is false where there were too many different keys to count all of them.
 */
export interface TableSignal {
  readonly entries: number;
  /** Seconds the pass took. */
  readonly seconds: number;
  /** Entries may be missing or double: the table changed too much meanwhile. */
  readonly interrupted: boolean;
  /**
   * Connections whose time is up, and that the kernel had not yet removed when the pass began: it counts them, and does
   * not list them. At least: new ones that came meanwhile make it look less. Absent if the pass was interrupted.
   */
  readonly expired?: number;
  readonly exact: boolean;
  readonly states: readonly StateSignal[];
  readonly assured: number;
  readonly unreplied: number;
  readonly translated: { readonly source: number; readonly destination: number };
  readonly offloaded: number;
  /** By zone number; 0 is the usual one. */
  readonly zones: readonly ZoneSignal[];
  /** By who began them (of port forwards: who answers). */
  readonly subscribers: readonly GroupSignal[];
  /** TCP not answered (SYN_SENT) or half open (SYN_RECV), by source and by `destination:port`. */
  readonly halfOpen: { readonly sources: readonly GroupSignal[]; readonly destinations: readonly GroupSignal[] };
  /** By public address that sources are translated to; all of them up to 4096. */
  readonly publicAddresses: readonly PublicAddressSignal[];
  /** The fullest destinations. */
  readonly portUse: readonly PortUseSignal[];
  /**
   * Translated connections to ports whose protocol needs a helper, without one: by `protocol/port`, replied ones only,
   * but of TFTP, whose server answers from another port.
   */
  readonly helperPorts: readonly GroupSignal[];
  /** Some of these. */
  readonly withoutHelper?: readonly FlowSignal[];
  /** Connections by helper in use. */
  readonly helpers: readonly GroupSignal[];
  /** Some connections that no translation was made for, other than to or from addresses of the host itself. */
  readonly untranslated: readonly FlowSignal[];
  /** Some port forwards (destination translated, source not) that nobody has answered. */
  readonly unansweredForwards: readonly FlowSignal[];
  /** Some connections with traffic in one direction only, though older than their first timeout. */
  readonly oneWay: readonly FlowSignal[];
  /** Some connections whose ports at a public address are also those of a service of the host or of a port forward. */
  readonly shadowed: readonly FlowSignal[];
  /** How many there are of those of which some are told above. */
  readonly seen?: SeenFlows;
  /** Services by `address:port/protocol`, by how many connections have the same port at the same address. */
  readonly shadows?: readonly GroupSignal[];
  /** Some connections to a forwarded port of a public address that were not forwarded. */
  readonly unforwarded?: readonly FlowSignal[];
  /** Some connections whose answer is in another zone. */
  readonly strayAnswers?: readonly StrayAnswer[];
}
