/** Everything of the kernel that a gateway needs, as values: what `apply` compares with what is there. */
export interface DesiredState {
  readonly gateway: string;
  readonly ruleset: Ruleset;
  readonly sysctls: readonly SysctlSetting[];
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly RouteSetting[];
  readonly policyRules: readonly PolicyRuleSetting[];
  readonly proxyNeighbours: readonly ProxyNeighbourSetting[];
  /** Interfaces that must exist and be up. */
  readonly interfacesUp: readonly string[];
}

/** The one table MegaNAT owns. */
export interface Ruleset {
  readonly family: "ip";
  readonly table: "meganat";
  /** The gateway's name and the fingerprint of the ruleset; the kernel keeps it as the table's comment. */
  readonly comment: string;
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}

/** A named set, or a map when `data` is given. Types in nft's words: `ipv4_addr . inet_service`. */
export interface NftSet {
  readonly name: string;
  readonly key: string;
  readonly data?: string;
  readonly flags: readonly ("interval" | "constant")[];
  /** In nft's words, key first: `10.0.0.1 : 61.138.177.3 . 1024-1151`. No element twice, no key twice. */
  readonly elements: readonly string[];
}

/** A chain with its rules in nft's words. */
export interface NftChain {
  readonly name: string;
  readonly hook?: {
    readonly type: "nat" | "filter" | "route";
    readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
    /** As nft lists it: `dstnat`, `srcnat`, `srcnat + 10`, `mangle`. */
    readonly priority: string;
  };
  readonly rules: readonly string[];
}

export interface SysctlSetting {
  readonly name: string;
  readonly value: string;
  readonly scope: "host" | "namespace";
  readonly reason: string;
  /** Values already there that will do, when it need not be exactly `value`. */
  readonly atLeast?: boolean;
}

/** An address in dotted form on an interface by its kernel name. */
export interface AddressSetting {
  readonly interface: string;
  readonly address: string;
  readonly length: number;
}

export interface RouteSetting {
  readonly destination: string;
  readonly table: number;
  readonly interface: string;
  readonly via?: string;
}

/** Packets with the firewall mark look the route up in the table. */
export interface PolicyRuleSetting {
  readonly mark: number;
  readonly mask: number;
  readonly table: number;
  readonly priority: number;
}

/** The gateway answers ARP requests for the address on the interface (ip neigh add proxy). */
export interface ProxyNeighbourSetting {
  readonly interface: string;
  readonly address: string;
}
