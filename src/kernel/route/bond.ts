import { loadModule } from "../module.ts";
import type { NamespaceName } from "../namespace.ts";
import type { AttributeCursor } from "../netlink/cursor.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import {
  findInterface,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  ifinfomsg,
  requestLink,
} from "./link-message.ts";
import { withRoute } from "./rtnetlink.ts";

const RTM_NEWLINK = 16;
/** linux/if_link.h, IFLA_BOND_*. */
const IFLA_BOND_MODE = 1;
const IFLA_BOND_MIIMON = 3;
const IFLA_BOND_UPDELAY = 4;
const IFLA_BOND_DOWNDELAY = 5;
const IFLA_BOND_PRIMARY = 11;
const IFLA_BOND_XMIT_HASH_POLICY = 14;
const IFLA_BOND_MIN_LINKS = 18;
const IFLA_BOND_AD_LACP_RATE = 21;

/** What a bond can be, by the kernel's number. */
export const BOND_MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
] as const;
/** What of a packet chooses the member it leaves by, by the kernel's number. */
export const XMIT_HASH_POLICIES = ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"] as const;
/** How often LACP asks the other side to speak: each 30 s or each second; by the kernel's number. */
export const LACP_RATES = ["slow", "fast"] as const;

/** How a bond works; what is left out stays as it is, or as the kernel makes it. */
export interface BondOptions {
  readonly mode?: (typeof BOND_MODES)[number];
  /** Milliseconds between two looks at the carrier of the members; 0: none. */
  readonly miimon?: number;
  /** Milliseconds a member must have had a carrier before it is used, or none before it is not; the kernel rounds down to `miimon`. */
  readonly updelay?: number;
  readonly downdelay?: number;
  readonly xmitHashPolicy?: (typeof XMIT_HASH_POLICIES)[number];
  readonly lacpRate?: (typeof LACP_RATES)[number];
  readonly minLinks?: number;
  /** The member that is used while it can be; empty: none is preferred. */
  readonly primary?: string;
}

/** As the kernel says it; `primaryIndex` is 0 for none. */
export interface BondInfo extends Required<Omit<BondOptions, "primary">> {
  readonly primaryIndex: number;
}

/**
 * Loads what makes bonds, if the kernel has it as a module; says whether it is there. Loaded by the kernel itself, at the
 * first bond, the module makes a bond0 of its own in the host's namespace.
 */
export function loadBonding(): boolean {
  return loadModule("bonding", ["max_bonds=0"]);
}

/** Makes a bond without members, down; throws `kernel-exists`, `kernel-not-supported` where there is no bonding. */
export function addBond(namespace: NamespaceName, name: string, options: BondOptions): void {
  loadBonding();
  const message = ifinfomsg(new NetlinkMessage(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL), 0, 0, 0).text(
    IFLA_IFNAME,
    name,
  );
  bondData(message, options, 0);
  withRoute(namespace, (connection) => connection.request(message, `make bond ${name}`));
}

/**
 * Changes how a bond works. The mode changes only while it is down and has no members, the LACP rate while it is down:
 * else throws `kernel-rejected` or `kernel-permission`.
 */
export function setBond(namespace: NamespaceName, name: string, options: BondOptions): void {
  const tried = `set ${Object.entries(options)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ")} of bond ${name}`;
  withRoute(namespace, (connection) => {
    const { primary } = options;
    const index = primary === undefined || primary === "" ? 0 : findInterface(connection, primary);
    const message = ifinfomsg(new NetlinkMessage(RTM_NEWLINK), 0, 0, 0).text(IFLA_IFNAME, name);
    requestLink(connection, bondData(message, options, index), name, tried);
  });
}

/**
 * Makes an interface a member of a bond, or with undefined takes it out of what it is in. Needs it down to go in; the
 * kernel brings it up there, and sets it down when it comes out.
 */
export function setMaster(namespace: NamespaceName, name: string, master: string | undefined): void {
  const tried = master === undefined ? `take ${name} out of its bond` : `make ${name} a member of ${master}`;
  withRoute(namespace, (connection) => {
    const index = master === undefined ? 0 : findInterface(connection, master);
    const message = ifinfomsg(new NetlinkMessage(RTM_NEWLINK), 0, 0, 0)
      .text(IFLA_IFNAME, name)
      .attribute(IFLA_MASTER, (value) => value.u32(index));
    requestLink(connection, message, name, tried);
  });
}

/** Writes the kind and options of a bond into the message. The order is the kernel's: the mode before what depends on it. */
export function bondData(message: NetlinkMessage, options: BondOptions, primaryIndex: number): NetlinkMessage {
  const { mode, miimon, updelay, downdelay, xmitHashPolicy, lacpRate, minLinks, primary } = options;
  return message.nested(IFLA_LINKINFO, (info) =>
    info.text(IFLA_INFO_KIND, "bond").nested(IFLA_INFO_DATA, (data) => {
      const u8 = (type: number, value: number | undefined): void => {
        if (value !== undefined) data.attribute(type, (attribute) => attribute.u8(value));
      };
      const u32 = (type: number, value: number | undefined): void => {
        if (value !== undefined) data.attribute(type, (attribute) => attribute.u32(value));
      };
      u8(IFLA_BOND_MODE, numberOf(BOND_MODES, mode));
      u32(IFLA_BOND_MIIMON, miimon);
      u32(IFLA_BOND_UPDELAY, updelay);
      u32(IFLA_BOND_DOWNDELAY, downdelay);
      u32(IFLA_BOND_PRIMARY, primary === undefined ? undefined : primaryIndex);
      u8(IFLA_BOND_XMIT_HASH_POLICY, numberOf(XMIT_HASH_POLICIES, xmitHashPolicy));
      u32(IFLA_BOND_MIN_LINKS, minLinks);
      u8(IFLA_BOND_AD_LACP_RATE, numberOf(LACP_RATES, lacpRate));
    }),
  );
}

/** Reads the options from where a cursor stands on the IFLA_INFO_DATA of a bond. */
export function decodeBond(data: AttributeCursor): BondInfo {
  let [mode, policy, rate, miimon, updelay, downdelay, minLinks, primaryIndex] = [0, 0, 0, 0, 0, 0, 0, 0];
  while (data.next()) {
    if (data.type === IFLA_BOND_MODE) mode = data.u8();
    else if (data.type === IFLA_BOND_MIIMON) miimon = data.u32();
    else if (data.type === IFLA_BOND_UPDELAY) updelay = data.u32();
    else if (data.type === IFLA_BOND_DOWNDELAY) downdelay = data.u32();
    else if (data.type === IFLA_BOND_PRIMARY) primaryIndex = data.u32();
    else if (data.type === IFLA_BOND_XMIT_HASH_POLICY) policy = data.u8();
    else if (data.type === IFLA_BOND_MIN_LINKS) minLinks = data.u32();
    else if (data.type === IFLA_BOND_AD_LACP_RATE) rate = data.u8();
  }
  return {
    mode: BOND_MODES[mode] ?? "balance-rr",
    miimon,
    updelay,
    downdelay,
    xmitHashPolicy: XMIT_HASH_POLICIES[policy] ?? "layer2",
    lacpRate: LACP_RATES[rate] ?? "slow",
    minLinks,
    primaryIndex,
  };
}

function numberOf<T extends string>(names: readonly T[], name: T | undefined): number | undefined {
  return name === undefined ? undefined : names.indexOf(name);
}
