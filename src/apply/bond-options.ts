import type { BondOptionSettings, DeviceSetting } from "../render/desired-state.ts";
import type { LiveLink } from "./live.ts";

/** Those of the wanted options that are not so now. */
export function optionsToChange(now: BondOptionSettings, wanted: BondOptionSettings): BondOptionSettings {
  const has: Readonly<Record<string, unknown>> = { ...now };
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => has[key] !== value));
}

/** The values of the same options as they are now. */
export function optionsLike(keys: BondOptionSettings, now: BondOptionSettings): BondOptionSettings {
  const has: Readonly<Record<string, unknown>> = { ...now };
  return Object.fromEntries(Object.keys(keys).map((key) => [key, has[key]]));
}

/** Says whether the interface is of the kind of the setting: a bond, or this VLAN. */
export function isDevice(link: LiveLink, { interface: device, vlan }: DeviceSetting): boolean {
  if (link.name !== device) return false;
  if (vlan === undefined) return link.kind === "bond";
  return link.vlan !== undefined && link.vlan.on === vlan.on && link.vlan.id === vlan.id;
}
