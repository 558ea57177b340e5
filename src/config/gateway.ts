import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Prefix } from "../address/ipv4-prefix.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";
import type { PortRange } from "../address/port-range.ts";

import type { Bond, Vlan } from "./bond.ts";
import type { Limits } from "./limits.ts";
import type { Uplink } from "./uplink.ts";

/** A gateway file, read and checked for shape: every reference by name resolves, every value is in its unit. */
export interface Gateway {
  readonly name: string;
  readonly links: readonly Link[];
  readonly pools: readonly Pool[];
  readonly sourceNat: readonly SourceNat[];
  readonly portForwards: readonly PortForward[];
  readonly staticNat: readonly StaticNat[];
  readonly twiceNat: readonly TwiceNat[];
  readonly capacity: Capacity;
  /** Providers that stand in for each other, the first before the next; absent when the file names none. */
  readonly uplinks?: readonly Uplink[];
  /** Absent when the file limits nothing. */
  readonly limits?: Limits;
  /** By which eBPF program established connections are forwarded; `off` when the file does not say. */
  readonly fastPath: FastPathChoice;
}

/** `auto` takes for each interface what suits it. */
export type FastPathChoice = "auto" | "xdp" | "tc" | "flowtable" | "off";

/** A network interface in its role: `name` is what the file calls it, `interface` what the kernel does. */
export interface Link {
  readonly name: string;
  readonly interface: string;
  /** Addresses the link must have, host bits kept: 61.138.177.2/27. */
  readonly addresses: readonly Ipv4Prefix[];
  /** The next hop of the default route through this link. */
  readonly gateway?: Ipv4;
  /** Bytes; without it the interface keeps what it has. */
  readonly mtu?: number;
  readonly routes?: readonly StaticRoute[];
  /** The interface is made of others. */
  readonly bond?: Bond;
  /** The interface is a VLAN of another. */
  readonly vlan?: Vlan;
}

/** A way to a network behind a router on a link; without `via` the network is on the link itself. */
export interface StaticRoute {
  readonly to: Ipv4Prefix;
  readonly via?: Ipv4;
  readonly metric?: number;
}

/**
 * How packets for a public address find the gateway: it is an address of the outside link; the
 * gateway answers ARP for it without owning it; or the provider routes it to the gateway.
 */
export type ReachedBy = "address" | "proxy-arp" | "route";

/** Public addresses and the ports of them that source NAT may use. */
export interface Pool {
  readonly name: string;
  readonly addresses: readonly Ipv4Range[];
  readonly ports: PortRange;
  readonly reachedBy: ReachedBy;
}

/** Translates the source of connections that leave by one link. Rules are tried in the order of the file. */
export interface SourceNat {
  readonly name: string;
  /** Subscribers; for port blocks their order decides the block. */
  readonly from: readonly Ipv4Range[];
  /** Sources this rule passes over; a later rule may take them. */
  readonly except: readonly Ipv4Range[];
  /** Destinations to which packets leave untranslated. */
  readonly untranslatedTo: readonly Ipv4Range[];
  /** Name of the link the packets leave by. */
  readonly out: string;
  readonly to: SourceNatTarget;
  readonly ports: PortPolicy;
}

/** What the source becomes. `masquerade` is whatever address the link has at the moment. */
export type SourceNatTarget =
  | { readonly kind: "pool"; readonly pool: string }
  | { readonly kind: "address"; readonly address: Ipv4; readonly reachedBy: ReachedBy }
  | { readonly kind: "masquerade" };

/** How the kernel chooses ports. preserve: the source port if it can, random: one at random (fully-random). */
export type PortSelection = "preserve" | "random";

/** Who may use which ports. */
export interface PortPolicy {
  /** Ports each subscriber has to itself (RFC 7422), or undefined: all subscribers share all ports. */
  readonly perSubscriber?: number;
  /** Undefined: the planner's choice. */
  readonly selection?: PortSelection;
}

/** Sends what arrives at a public address and port to an inside host. */
export interface PortForward {
  readonly name: string;
  readonly protocol: "tcp" | "udp" | "tcp+udp";
  readonly listen: { readonly address: Ipv4; readonly ports: PortRange };
  /** As many ports as `listen` has, in the same order. */
  readonly to: { readonly address: Ipv4; readonly ports: PortRange };
}

/** One public address for one inside host (or prefix for prefix of equal size), in both directions, all protocols. */
export interface StaticNat {
  readonly name: string;
  readonly public: Ipv4Range;
  readonly private: Ipv4Range;
  readonly out: string;
  readonly reachedBy: ReachedBy;
}

/** Translates both source and destination, prefix to prefix, so that overlapping networks can talk (RFC 2663, 4.3). */
export interface TwiceNat {
  readonly name: string;
  readonly inside: TwiceNatSide;
  /** `via` is the next hop towards the outside hosts, if they are not on the link itself. */
  readonly outside: TwiceNatSide & { readonly via?: Ipv4 };
}

/** One side of a twice NAT: hosts behind `link` have addresses `hosts` there, and the other side knows them as `seenAs`. */
export interface TwiceNatSide {
  readonly link: string;
  readonly hosts: Ipv4Prefix;
  readonly seenAs: Ipv4Prefix;
}

/** What the gateway must hold. */
export interface Capacity {
  /** People or machines behind it; counted from `source-nat` when the file does not say. */
  readonly subscribers?: number;
  readonly connectionsPerSubscriber: number;
  /** New connections per second at the busy hour, if known; it prices the timeouts. */
  readonly newConnectionsPerSecond?: number;
  /** Bits per second at the busy hour, both directions together, if known. */
  readonly bandwidth?: number;
  readonly timeouts: Timeouts;
}

/** A profile of conntrack timeouts, with what the file sets by hand. Seconds. */
export interface Timeouts {
  readonly profile: "rfc" | "paper" | "kernel";
  readonly seconds: Readonly<Partial<Record<TimeoutName, number>>>;
}

/** Timeouts by the kernel's names below net.netfilter.nf_conntrack_, written with dashes. */
export type TimeoutName = (typeof TIMEOUT_NAMES)[number];

/** Every conntrack timeout a gateway file can set. */
export const TIMEOUT_NAMES = [
  "tcp-syn-sent",
  "tcp-syn-recv",
  "tcp-established",
  "tcp-fin-wait",
  "tcp-close-wait",
  "tcp-last-ack",
  "tcp-time-wait",
  "tcp-close",
  "tcp-unacknowledged",
  "tcp-max-retrans",
  "udp",
  "udp-stream",
  "icmp",
  "gre",
  "gre-stream",
  "sctp-established",
  "generic",
] as const;
