import type { BondMode, XmitHashPolicy } from "../config/bond.ts";

/** Everything of the kernel that a gateway needs, as values: what `apply` compares with what is there. */
export interface DesiredState {
  readonly gateway: string;
  readonly ruleset: Ruleset;
  readonly sysctls: readonly SysctlSetting[];
  readonly links: readonly LinkSetting[];
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly RouteSetting[];
  readonly policyRules: readonly PolicyRuleSetting[];
  readonly proxyNeighbours: readonly ProxyNeighbourSetting[];
  /** Interfaces whose outgoing packets are shaped. */
  readonly shaping: readonly ShapingSetting[];
  /** Interfaces that must exist and be up. */
  readonly interfacesUp: readonly string[];
}

/** The one table MegaNAT owns. */
export interface Ruleset {
  readonly family: "ip";
  readonly table: "meganat";
  /** The gateway's name and the fingerprint of the ruleset; the kernel keeps it as the table's comment. */
  readonly comment: string;
  /** Named, so that they live on when the rules that count into them are replaced. */
  readonly counters: readonly NftCounter[];
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}

/** A named counter of the table. */
export interface NftCounter {
  readonly name: string;
  /** What it counts, as a sentence part: `packets dropped because ...`. Only for people; the kernel does not get it. */
  readonly about: string;
}

/** A named set, or a map when `data` is given. Types in nft's words: `ipv4_addr . inet_service`. */
export interface NftSet {
  readonly name: string;
  readonly key: string;
  readonly data?: string;
  /** `dynamic`: rules put elements in and take them out, and no others are ever there. */
  readonly flags: readonly ("interval" | "constant" | "dynamic" | "timeout")[];
  /** Elements at most; of a dynamic set. */
  readonly size?: number;
  /** Each element counts the packets that came upon it. */
  readonly counts?: boolean;
  /**
   * In nft's words, key first: `10.0.0.1 : 61.138.177.3 . 1024-1151`. No element twice, no key twice,
   * intervals never overlap. The text before ` : ` is what deletes the element.
   */
  readonly elements: readonly string[];
  /** What it holds, for people who read the text; the kernel does not get it. */
  readonly about?: string;
}

/** A chain with its rules in nft's words. Chains that others jump to come before them. */
export interface NftChain {
  readonly name: string;
  readonly hook?: {
    readonly type: "nat" | "filter" | "route";
    readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
    /** As nft lists it: `dstnat`, `srcnat`, `srcnat + 10`, `mangle`, `-100`. */
    readonly priority: string;
  };
  /** No counters but named ones, no handles: what is sent is what stays. */
  readonly rules: readonly string[];
  /** What it does, for people who read the text; the kernel does not get it. */
  readonly about?: string;
}

/** A kernel setting the gateway needs. */
export interface SysctlSetting {
  readonly name: string;
  readonly value: string;
  readonly scope: "host" | "namespace";
  readonly reason: string;
  /** Values already there that will do, when it need not be exactly `value`. */
  readonly atLeast?: boolean;
  /** True when a kernel without it will do: then apply says so and goes on. */
  readonly optional?: boolean;
}

/** What an interface of the file must be, beyond being there and up; an interface with nothing to say has none. */
export interface LinkSetting {
  readonly interface: string;
  /** Bytes. */
  readonly mtu?: number;
  readonly bond?: BondSetting;
  readonly vlan?: VlanSetting;
}

/** A bond of these interfaces; an option that is not said stays as it is. */
export interface BondSetting {
  readonly members: readonly string[];
  readonly options: BondOptionSettings;
}

/** An interface that is made, not found: a bond, or a VLAN of another. */
export interface DeviceSetting {
  readonly interface: string;
  readonly bond?: BondOptionSettings;
  readonly vlan?: VlanSetting;
}

/** How a bond works, in the kernel's words; times in milliseconds. */
export interface BondOptionSettings {
  readonly mode?: BondMode;
  readonly miimon?: number;
  readonly updelay?: number;
  readonly downdelay?: number;
  readonly xmitHashPolicy?: XmitHashPolicy;
  readonly lacpRate?: "slow" | "fast";
  readonly minLinks?: number;
  /** Empty: none. */
  readonly primary?: string;
}

/** VLAN `id` of the interface `on`. */
export interface VlanSetting {
  readonly on: string;
  readonly id: number;
}

/** An address in dotted form on an interface by its kernel name. */
export interface AddressSetting {
  readonly interface: string;
  readonly address: string;
  readonly length: number;
}

/** A unicast route; table 254 is main. */
export interface RouteSetting {
  readonly destination: string;
  readonly table: number;
  readonly interface: string;
  readonly via?: string;
  /** Absent: the kernel's 0. A second default route has a higher one: it stands by. */
  readonly metric?: number;
  /** Only of others' routes that are put back: who set it, as rtm_protocol has it. Absent: an administrator. */
  readonly protocol?: number;
}

/** Packets that fit everything given look the route up in the table. */
export interface PolicyRuleSetting {
  /** The firewall mark, compared under the mask; both or none. */
  readonly mark?: number;
  readonly mask?: number;
  /** The source, as `a.b.c.d/length`. */
  readonly from?: string;
  /** Routes with a prefix of at most so many bits do not count: with 0, default routes. */
  readonly suppress?: number;
  readonly table: number;
  readonly priority: number;
}

/** The gateway answers ARP requests for the address on the interface (ip neigh add proxy). */
export interface ProxyNeighbourSetting {
  readonly interface: string;
  readonly address: string;
}

/** The queue of an interface, with its classes; a class comes after its parent. */
export interface ShapingSetting {
  readonly interface: string;
  readonly classes: readonly TrafficClass[];
}

/** A class of HTB. Bytes per second. */
export interface TrafficClass {
  /** 1 to 65535, within the queue. */
  readonly number: number;
  /** Undefined: the queue itself. */
  readonly parent?: number;
  readonly rate: number;
  readonly ceiling: number;
  /** 0 to 7; of a class of classes it means nothing and is 0. */
  readonly priority: number;
  /** Packets wait here, the connections in turn (fq_codel) where the kernel has that. */
  readonly isLeaf: boolean;
}
