/** An interface. */
export interface LinkSignal {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly mtu: number;
  /** `veth`, `bridge`, `bond`, ...; absent for hardware and loopback. */
  readonly kind?: string;
  /** Index of the bridge, bond, ... it is a port of. */
  readonly master?: number;
  /** Offloads by ethtool(8)'s short names (`gro`, `tx`, `rx`, `tso`, `gso`), where they can be read. */
  readonly offloads: Readonly<Record<string, boolean>>;
  readonly xdp?: boolean;
}

/** An address of the host. */
export interface AddressSignal {
  readonly interface: string;
  readonly address: string;
  readonly length: number;
}

/** A route. */
export interface RouteSignal {
  /** `a.b.c.d/length`. */
  readonly destination: string;
  readonly table: number;
  /** `unicast`, `local`, `blackhole`, `unreachable`, `prohibit`, ... */
  readonly type: string;
  readonly interface?: string;
  readonly via?: string;
  readonly source?: string;
  readonly mtu?: number;
  /** Of several to one destination the lowest is used; absent: 0. */
  readonly metric?: number;
}

/** A policy rule. */
export interface PolicyRuleSignal {
  readonly priority: number;
  readonly table: number;
  /** Without priority, as ip-rule(8) has it. */
  readonly text: string;
  /** What it does, if not to look up the table: `blackhole`, `unreachable`, `prohibit`, `goto`, `nop`. */
  readonly action?: string;
  /** It is for the packets that do not fit. */
  readonly inverted?: boolean;
  /** Source and destination as `a.b.c.d/length`. */
  readonly from?: string;
  readonly to?: string;
  /** Firewall mark, compared under `mask` (absent: all bits). */
  readonly mark?: number;
  readonly mask?: number;
  /** The interface the packet came in by. */
  readonly incoming?: string;
  /** Routes with a prefix of at most so many bits do not count. */
  readonly suppress?: number;
}

/** Neighbours of one interface by state. */
export interface NeighbourSignal {
  readonly interface: string;
  readonly states: Readonly<Record<string, number>>;
  /** Some that do not answer. */
  readonly failed: readonly string[];
}

/** How the namespace is connected. IPv4. */
export interface NetworkSignal {
  readonly links: readonly LinkSignal[];
  readonly addresses: readonly AddressSignal[];
  /** All tables, up to 4096 routes. */
  readonly routes: readonly RouteSignal[];
  readonly policyRules: readonly PolicyRuleSignal[];
  readonly neighbours: readonly NeighbourSignal[];
}
