import type {
  AddressSetting,
  BondOptionSettings,
  DeviceSetting,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
  RouteSetting,
  TrafficClass,
} from "../render/desired-state.ts";
import { MAIN_TABLE } from "../render/reach.ts";

/** One difference between the kernel and what it shall be, with every old value needed to undo it. */
export type Change =
  | LinkChange
  | MtuChange
  | DeviceChange
  | BondChange
  | MemberChange
  | AddressChange
  | RouteChange
  | PolicyRuleChange
  | UplinkChange
  | ProxyNeighbourChange
  | ShapingChange
  | SysctlChange
  | RulesetChange;

/** Brings an interface up or down. */
export interface LinkChange {
  readonly kind: "link";
  readonly action: "up" | "down";
  readonly interface: string;
  /** Addresses on it while it was down. */
  readonly addresses: readonly string[];
}

/** Sets the MTU of an interface, or puts its old one back; bytes. */
export interface MtuChange {
  readonly kind: "mtu";
  readonly action: "set" | "restore";
  readonly interface: string;
  readonly from: number;
  readonly to: number;
}

/** Makes an interface that others are the ground of, or deletes it. */
export interface DeviceChange {
  readonly kind: "device";
  readonly action: "add" | "remove";
  readonly setting: DeviceSetting;
}

/** Changes options of a bond, or puts the old ones back; both have the same keys. */
export interface BondChange {
  readonly kind: "bond";
  readonly action: "set" | "restore";
  readonly interface: string;
  readonly from: BondOptionSettings;
  readonly to: BondOptionSettings;
}

/** Puts an interface into a bond, or takes it out and makes it what it was. */
export interface MemberChange {
  readonly kind: "member";
  readonly action: "add" | "remove";
  readonly setting: MemberSetting;
}

/** An interface in a bond, and what it was before. */
export interface MemberSetting {
  readonly bond: string;
  readonly interface: string;
  readonly wasUp: boolean;
  /** What it had, and a member cannot have. */
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly RouteSetting[];
}

/** Adds or removes an address. */
export interface AddressChange {
  readonly kind: "address";
  readonly action: "add" | "remove";
  readonly setting: AddressSetting;
}

/** Adds or removes a route. */
export interface RouteChange {
  readonly kind: "route";
  readonly action: "add" | "remove";
  readonly setting: RouteSetting;
}

/** Adds or removes a rule of policy routing. */
export interface PolicyRuleChange {
  readonly kind: "policy-rule";
  readonly action: "add" | "remove";
  readonly setting: PolicyRuleSetting;
}

/** Takes an uplink out of use, or back; the table is the one that leads there while it is in use. */
export interface UplinkChange {
  readonly kind: "uplink";
  readonly action: "withdraw" | "restore";
  readonly table: number;
}

/** Adds or removes an address the gateway answers ARP for. */
export interface ProxyNeighbourChange {
  readonly kind: "proxy-neighbour";
  readonly action: "add" | "remove";
  readonly setting: ProxyNeighbourSetting;
}

/**
 * Puts a queue of ours at an interface, changes its classes, puts the old ones back, or takes it away. `from` and `to` are
 * the classes that are not as they shall be; one that changes is in both.
 */
export interface ShapingChange {
  readonly kind: "shaping";
  readonly action: "add" | "set" | "restore" | "remove";
  readonly interface: string;
  readonly from: readonly TrafficClass[];
  readonly to: readonly TrafficClass[];
}

/** Sets a sysctl, or puts its old value back. */
export interface SysctlChange {
  readonly kind: "sysctl";
  readonly action: "set" | "restore";
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** Other sysctls that the kernel changes along with this one: their values before. */
  readonly before: Readonly<Record<string, string>>;
  /** Those of them to write afterwards, with their values. */
  readonly after: Readonly<Record<string, string>>;
}

/** Part of the one nft transaction. */
export interface RulesetChange {
  readonly kind: "ruleset";
  readonly action: "create" | "recreate" | "delete" | "add" | "replace" | "change";
  readonly object: "table" | "chain" | "set" | "map" | "element" | "counter";
  /** Of the table, chain, set, map or counter; for elements the set or map they are in. */
  readonly name: string;
  /** For people, complete: `add 1 element to map blocks_campus`. */
  readonly words: string;
}

/** The change in words for people. */
export function changeText(change: Change): string {
  switch (change.kind) {
    case "link":
      return `bring ${change.interface} ${change.action}`;
    case "mtu":
      return `${change.action} MTU of ${change.interface} ${change.from} -> ${change.to}`;
    case "device":
      return `${change.action} ${deviceText(change.setting)}`;
    case "bond":
      return `${change.action} ${bondText(change)}`;
    case "member":
      return memberText(change);
    case "address": {
      const { interface: device, address, length } = change.setting;
      return `${change.action} address ${address}/${length} ${to(change.action)} ${device}`;
    }
    case "route":
      return `${change.action} ${routeText(change.setting)}`;
    case "policy-rule":
      return `${change.action} ${policyRuleText(change.setting)}`;
    case "uplink":
      return change.action === "withdraw"
        ? `take the uplink of table ${change.table} out of use`
        : `take the uplink of table ${change.table} back into use`;
    case "proxy-neighbour":
      return change.action === "add"
        ? `answer ARP for ${change.setting.address} on ${change.setting.interface}`
        : `answer ARP for ${change.setting.address} on ${change.setting.interface} no more`;
    case "shaping":
      return shapingText(change);
    case "sysctl":
      if (change.from === change.to) return `restore what the kernel changed along with ${change.name}`;
      return `${change.action} ${change.name} ${change.from} -> ${change.to}: ${change.reason}`;
    case "ruleset":
      return change.words;
  }
}

function shapingText({ action, interface: device, from, to }: ShapingChange): string {
  if (action === "remove") return `shape what leaves by ${device} no more`;
  if (action === "add")
    return `shape what leaves by ${device}, in ${to.length.toLocaleString("en")} ${to.length === 1 ? "class" : "classes"}`;
  const old = new Set(from.map(({ number }) => number));
  const changed = to.filter(({ number }) => old.has(number)).length;
  const parts = [
    [to.length - changed, "new"],
    [changed, "changed"],
    [from.length - changed, "gone"],
  ] as const;
  const words = parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count.toLocaleString("en")} ${what}`]));
  return `${action} classes of what leaves by ${device}: ${words.join(", ")}`;
}

/** A bond or VLAN in words: `bond bond0 (balance-rr)`, `VLAN 100 of eth1 as vlan100`. */
export function deviceText({ interface: device, bond, vlan }: DeviceSetting): string {
  if (vlan !== undefined) return `VLAN ${vlan.id} of ${vlan.on} as ${device}`;
  return `bond ${device} (${bond?.mode ?? "balance-rr"})`;
}

function bondText({ interface: device, from, to }: BondChange): string {
  const old: Readonly<Record<string, string | number>> = { ...from };
  const parts = Object.entries<string | number>({ ...to }).map(([key, value]) => {
    const words = (text: string | number | undefined): string =>
      text === "" || text === undefined ? "none" : String(text);
    return `${OPTION_WORDS[key] ?? key} ${words(old[key])} -> ${words(value)}`;
  });
  const pause = to.mode === undefined ? "" : " (its members leave it and come back: packets pause)";
  return `bond ${device}: ${parts.join(", ")}${pause}`;
}

const OPTION_WORDS: Readonly<Record<string, string>> = {
  updelay: "up-delay",
  downdelay: "down-delay",
  xmitHashPolicy: "xmit-hash-policy",
  lacpRate: "lacp-rate",
  minLinks: "min-links",
};

function memberText({ action, setting }: MemberChange): string {
  const { interface: device, bond, addresses, routes } = setting;
  const things = [
    ...addresses.map(({ address, length }) => `address ${address}/${length}`),
    ...routes.map((route) => routeText(route)),
  ];
  const moved = things.length === 0 ? "" : `, ${action === "add" ? "without" : "with"} its ${things.join(", ")}`;
  return `${action} ${device} ${to(action)} bond ${bond}${moved}`;
}

/** A route in words: `route 10.1.0.0/16 via 10.0.0.1 dev wan table 100`. */
export function routeText(route: RouteSetting): string {
  const via = route.via === undefined ? "" : ` via ${route.via}`;
  const table = route.table === MAIN_TABLE ? "" : ` table ${route.table}`;
  const metric = route.metric === undefined ? "" : ` metric ${route.metric}`;
  return `route ${route.destination}${via} dev ${route.interface}${table}${metric}`;
}

/** A rule of policy routing in words. */
export function policyRuleText(rule: PolicyRuleSetting): string {
  const { mark, mask = 0xffffffff, from, suppress, table, priority } = rule;
  const which = [
    ...(mark === undefined ? [] : [` with mark ${hex(mark)}/${hex(mask)}`]),
    ...(from === undefined ? [] : [` from ${from}`]),
  ];
  const but = suppress === undefined ? "" : ` for routes longer than /${suppress}`;
  return `rule ${priority}: packets${which.join("")} look up table ${table}${but}`;
}

/** The change that undoes the change; none for the ruleset, whose undoing is a script. */
export function inverse(change: Exclude<Change, RulesetChange>): Exclude<Change, RulesetChange> {
  switch (change.kind) {
    case "link":
      return { ...change, action: change.action === "up" ? "down" : "up" };
    case "device":
      return { ...change, action: opposite(change.action) };
    case "member":
      return { ...change, action: opposite(change.action) };
    case "bond":
      return { ...change, action: "restore", from: change.to, to: change.from };
    case "mtu":
      return { ...change, action: "restore", from: change.to, to: change.from };
    case "shaping":
      return { ...change, action: SHAPING_BACK[change.action], from: change.to, to: change.from };
    case "sysctl":
      return {
        ...change,
        action: "restore",
        from: change.to,
        to: change.from,
        reason: "as it was",
        before: change.after,
        after: change.before,
      };
    case "address":
      return { ...change, action: opposite(change.action) };
    case "route":
      return { ...change, action: opposite(change.action) };
    case "policy-rule":
      return { ...change, action: opposite(change.action) };
    case "uplink":
      return { ...change, action: change.action === "withdraw" ? "restore" : "withdraw" };
    case "proxy-neighbour":
      return { ...change, action: opposite(change.action) };
  }
}

const SHAPING_BACK = { add: "remove", remove: "add", set: "restore", restore: "set" } as const;

function opposite(action: "add" | "remove"): "add" | "remove" {
  return action === "add" ? "remove" : "add";
}

function to(action: "add" | "remove"): string {
  return action === "add" ? "to" : "from";
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
