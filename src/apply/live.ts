import type { NamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NftObject } from "../kernel/nftables.ts";
import type {
  AddressSetting,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
  RouteSetting,
} from "../render/desired-state.ts";

/** An interface as apply needs it. */
export interface LiveLink {
  readonly name: string;
  readonly up: boolean;
  /** Bytes. */
  readonly mtu: number;
}

/** A route as apply compares it; of one with several next hops `interface` is absent. */
export interface LiveRoute {
  readonly destination: string;
  readonly table: number;
  readonly interface?: string;
  readonly via?: string;
  readonly metric: number;
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
  addresses(): readonly AddressSetting[];
  addAddress(setting: AddressSetting): void;
  removeAddress(setting: AddressSetting): void;
  routes(table: number): readonly LiveRoute[];
  addRoute(setting: RouteSetting): void;
  removeRoute(setting: RouteSetting): void;
  policyRules(): readonly PolicyRuleSetting[];
  addPolicyRule(setting: PolicyRuleSetting): void;
  removePolicyRule(setting: PolicyRuleSetting): void;
  proxyNeighbours(): readonly ProxyNeighbourSetting[];
  addProxyNeighbour(setting: ProxyNeighbourSetting): void;
  removeProxyNeighbour(setting: ProxyNeighbourSetting): void;
}
