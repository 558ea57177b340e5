/** What was read, or why it could not be, in words: `the driver has no such thing`. */
export type Known<T> = { readonly value: T } | { readonly missing: string };

/** A ring's size now and at most, in packets. */
export interface Ring {
  readonly now: number;
  readonly max: number;
}

/** Numbers of queues, now and at most. A driver has combined ones, or receiving and sending ones apart. */
export interface Channels {
  readonly combined?: Ring;
  readonly rx?: Ring;
  readonly tx?: Ring;
}

/** When the card interrupts. What the driver does not have is absent. */
export interface Coalescing {
  readonly rxUsecs?: number;
  readonly txUsecs?: number;
  readonly adaptiveRx?: boolean;
  readonly adaptiveTx?: boolean;
}

/** An offload, by the kernel's name for it. */
export interface Feature {
  readonly on: boolean;
  readonly changeable: boolean;
}

/** An interrupt and the CPUs it may go to. */
export interface CardInterrupt {
  readonly irq: number;
  readonly name: string;
  readonly cpus: readonly number[];
}

/** What one network interface is and how it is set. Read by `tune`; tests make their own. */
export interface CardFacts {
  readonly name: string;
  readonly driver?: string;
  readonly mtu: number;
  /** Mbit/s; absent if it does not say. */
  readonly megabits?: number;
  /** The NUMA node it is plugged into; absent if the machine has one only, or the interface is virtual. */
  readonly node?: number;
  /** The CPUs of that node that are on; without a node all. */
  readonly cpus: readonly number[];
  readonly rings: Known<{ readonly rx?: Ring; readonly tx?: Ring }>;
  readonly channels: Known<Channels>;
  readonly coalescing: Known<Coalescing>;
  /** The receive queue of each value of the hash. */
  readonly indirection: Known<readonly number[]>;
  readonly features: Known<Readonly<Record<string, Feature>>>;
  readonly interrupts: readonly CardInterrupt[];
  /** RPS: CPUs by receive queue; undefined for a queue that cannot be steered. */
  readonly rps: readonly (readonly number[] | undefined)[];
  /** XPS: CPUs by transmit queue. */
  readonly xps: readonly (readonly number[] | undefined)[];
}

/** The cards at hand, and what they share. */
export interface CardsFacts {
  readonly cards: readonly CardFacts[];
  readonly memoryBytes: number;
  /** CPUs that are on. */
  readonly cpus: readonly number[];
  /** irqbalance is running, and will move interrupts again. */
  readonly irqbalance: boolean;
  readonly softnet: Known<{ readonly budget: number; readonly backlog: number }>;
}

/** What of an interface says which cards carry its packets. */
export interface LinkFacts {
  readonly name: string;
  /** The kernel's kind: `bond`, `vlan`, `veth`; absent for hardware and loopback. */
  readonly kind?: string;
  /** The interface that a VLAN, or a share of another such as a macvlan, is on. */
  readonly on?: string;
  /** That one is in another namespace. */
  readonly onElsewhere?: true;
  /** The members of a bond or bridge. */
  readonly members: readonly string[];
}
