import { readKernelConfig, readModules } from "./proc.ts";

/** A kind of interface that the kernel makes of others. */
export type MadeLinkKind = "bond" | "vlan";

const BROUGHT_BY: Readonly<Record<MadeLinkKind, { readonly module: string; readonly symbol: string }>> = {
  bond: { module: "bonding", symbol: "CONFIG_BONDING" },
  vlan: { module: "8021q", symbol: "CONFIG_VLAN_8021Q" },
};

/**
 * Whether the kernel certainly cannot make such interfaces: by its files alone, for who only looks. A module that is
 * forbidden, and what no file tells, shows when it is tried (`hasFeature`).
 */
export function lacksLinkKind(kind: MadeLinkKind): boolean {
  const { module, symbol } = BROUGHT_BY[kind];
  return readModules([module]).get(module) === "unknown" && readKernelConfig()?.has(symbol) === false;
}
