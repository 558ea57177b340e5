import type { NamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NftObject } from "../kernel/nftables.ts";
import type {
  AddressSetting,
  BondOptionSettings,
  DeviceSetting,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
  RouteSetting,
  TrafficClass,
  VlanSetting,
} from "../render/desired-state.ts";

/** An interface as apply needs it. */
export interface LiveLink {
  readonly name: string;
  readonly up: boolean;
  /** Bytes. */
  readonly mtu: number;
  /** A cable with somebody at its other end; known only while it is up. */
  readonly carrier: boolean;
  /** `veth`, `bond`, `vlan`, ...; undefined for hardware. */
  readonly kind?: string;
  /** The bond, bridge, ... it is in. */
  readonly master?: string;
  /** Only of a bond: all its options. */
  readonly bond?: BondOptionSettings;
  /** Only of a VLAN. */
  readonly vlan?: VlanSetting;
}

/** A route as apply compares it; of one with several next hops `interface` is absent. */
export interface LiveRoute {
  readonly destination: string;
  readonly table: number;
  readonly interface?: string;
  readonly via?: string;
  readonly metric: number;
  /** Who set it: rtm_protocol. */
  readonly protocol?: number;
}

/** What stands at the root of an interface's outgoing packets. */
export interface LiveQueue {
  readonly interface: string;
  readonly kind: string;
  /** 0 of one the kernel made by itself. */
  readonly handle: number;
}

/** Somebody who works on this host over the network, by IPv4 addresses. */
export interface Session {
  readonly local: string;
  readonly peer: string;
}

/** An address of ours that another machine on the wire has already. */
export interface AddressHolder {
  readonly interface: string;
  readonly address: string;
  /** With colons. */
  readonly mac: string;
}

/**
 * What apply needs of the kernel, bound to one namespace. Everything that changes throws a KernelError when it fails;
 * adding what is there throws `kernel-exists`, removing what is not throws `kernel-not-found`.
 */
export interface Live {
  identity(): NamespaceIdentity;
  isHost(): boolean;

  generation(): number;
  tableComment(): string | undefined;
  /** Our table as JSON, or undefined if there is none. `terse`: without elements. */
  listTable(terse: boolean): readonly NftObject[] | undefined;
  /** Our table as text that runNft takes again. */
  tableText(): string;
  /** Everyone's chains, without elements. */
  listRuleset(): readonly NftObject[];
  checkNft(script: string): void;
  runNft(script: string): void;

  /** Loads the connection tracker if it is a module: before that it has no sysctls. */
  loadConntrack(): void;
  readSysctl(name: string): string | undefined;
  isSysctlWritable(name: string): boolean;
  writeSysctl(name: string, value: string): void;

  links(): readonly LiveLink[];
  setLinkUp(name: string, up: boolean): void;
  setLinkMtu(name: string, mtu: number): void;
  /** Says whether the kernel can make such interfaces, or shape what leaves; asked only when it must. */
  canMake(kind: "bond" | "vlan" | "htb"): boolean;
  addDevice(setting: DeviceSetting): void;
  removeDevice(name: string): void;
  setBond(name: string, options: BondOptionSettings): void;
  /** Puts an interface that is down into a bond, or with undefined takes it out, which leaves it down. */
  setMaster(name: string, master: string | undefined): void;
  /** Sessions of ssh. */
  sessions(): readonly Session[];
  /** Waits until the interfaces have a carrier, at most so long; says which have not. */
  awaitCarrier(names: readonly string[], milliseconds: number): readonly string[];
  /** Asks on the wire who has the addresses already. */
  addressHolders(settings: readonly AddressSetting[]): readonly AddressHolder[];
  addresses(): readonly AddressSetting[];
  addAddress(setting: AddressSetting): void;
  removeAddress(setting: AddressSetting): void;
  routes(table: number): readonly LiveRoute[];
  /** Those of every table by the interface alone. */
  routesBy(device: string): readonly LiveRoute[];
  addRoute(setting: RouteSetting): void;
  removeRoute(setting: RouteSetting): void;
  policyRules(): readonly PolicyRuleSetting[];
  addPolicyRule(setting: PolicyRuleSetting): void;
  removePolicyRule(setting: PolicyRuleSetting): void;
  /** Says whether the uplink is out of use whose preferred table this is. */
  isWithdrawn(table: number): boolean;
  withdrawUplink(table: number): void;
  restoreUplink(table: number): void;
  proxyNeighbours(): readonly ProxyNeighbourSetting[];
  addProxyNeighbour(setting: ProxyNeighbourSetting): void;
  removeProxyNeighbour(setting: ProxyNeighbourSetting): void;
  queues(): readonly LiveQueue[];
  /** Of our queue at the interface, in no order; empty where there is none. */
  classes(device: string): readonly TrafficClass[];
  addShaping(device: string): void;
  removeShaping(device: string): void;
  /** Brings the classes of these numbers to what is wanted; parents before their children. */
  setClasses(device: string, numbers: ReadonlySet<number>, wanted: readonly TrafficClass[]): void;
}
