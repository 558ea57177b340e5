import { isKernelError } from "../kernel/error.ts";
import { addressesOn, sameAddress } from "./address-changes.ts";
import type { AddressChange, Change, LinkChange, RulesetChange, SysctlChange } from "./change.ts";
import type { Live } from "./live.ts";
import type { ApplyProblem } from "./remark.ts";
import { performShaping } from "./perform-shaping.ts";
import { changeBond, joinBond, leaveBond } from "./perform-device.ts";

/** What became of a change. */
export interface Performed {
  /** False: it was so already, by someone else's doing since we looked. */
  readonly done: boolean;
  /** What the kernel made of a sysctl's value. */
  readonly set?: string;
  /** Why it was left undone, if it was. */
  readonly left?: string;
  /** Why it was not to be had, if all else goes on without it. */
  readonly leftOut?: ApplyProblem;
}

/** Carries one change out. Repeating it does no harm: what is there already, or gone already, is left at that. */
export function perform(live: Live, change: Exclude<Change, RulesetChange>): Performed {
  switch (change.kind) {
    case "link":
      return performLink(live, change);
    case "device":
      return change.action === "add"
        ? unless("kernel-exists", () => live.addDevice(change.setting))
        : unless("kernel-not-found", () => live.removeDevice(change.setting.interface));
    case "bond":
      return unless(change.action === "set" ? undefined : "kernel-not-found", () => changeBond(live, change));
    case "member":
      return change.action === "add"
        ? unless(undefined, () => joinBond(live, change.setting))
        : unless("kernel-not-found", () => leaveBond(live, change.setting));
    case "mtu":
      return unless(change.action === "set" ? undefined : "kernel-not-found", () =>
        live.setLinkMtu(change.interface, change.to),
      );
    case "address":
      return change.action === "add"
        ? unless("kernel-exists", () => live.addAddress(change.setting))
        : unless("kernel-not-found", () => removeAddress(live, change));
    case "route":
      return change.action === "add"
        ? unless("kernel-exists", () => live.addRoute(change.setting))
        : unless("kernel-not-found", () => live.removeRoute(change.setting));
    case "policy-rule":
      return change.action === "add"
        ? unless("kernel-exists", () => live.addPolicyRule(change.setting))
        : unless("kernel-not-found", () => live.removePolicyRule(change.setting));
    case "uplink":
      return change.action === "withdraw"
        ? unless("kernel-exists", () => live.withdrawUplink(change.table))
        : unless("kernel-not-found", () => live.restoreUplink(change.table));
    case "proxy-neighbour":
      return change.action === "add"
        ? unless("kernel-exists", () => live.addProxyNeighbour(change.setting))
        : unless("kernel-not-found", () => live.removeProxyNeighbour(change.setting));
    case "shaping":
      return performShaping(live, change);
    case "sysctl":
      return performSysctl(live, change);
  }
}

function unless(code: "kernel-exists" | "kernel-not-found" | undefined, run: () => void): Performed {
  try {
    run();
    return { done: true };
  } catch (error) {
    if (code !== undefined && isKernelError(error, code)) return { done: false };
    throw error;
  }
}

function performLink(live: Live, change: LinkChange): Performed {
  if (change.action === "up") {
    live.setLinkUp(change.interface, true);
    return { done: true };
  }
  const others = addressesOn({ addresses: live.addresses() }, change.interface).filter(
    (address) => !change.addresses.includes(address),
  );
  if (others.length > 0) {
    return { done: false, left: `${change.interface} stays up: ${others.join(", ")} came onto it since` };
  }
  return unless("kernel-not-found", () => live.setLinkUp(change.interface, false));
}

/** The kernel drops the secondary addresses of a subnet with its primary one: those of other people come back. */
function removeAddress(live: Live, change: AddressChange): void {
  const before = live.addresses();
  live.removeAddress(change.setting);
  const left = live.addresses();
  for (const address of before) {
    if (sameAddress(address, change.setting) || left.some((other) => sameAddress(other, address))) continue;
    const { interface: device, address: lost, length } = address;
    live.addAddress({ interface: device, address: lost, length });
  }
}

function performSysctl(live: Live, change: SysctlChange): Performed {
  if (live.readSysctl(change.name) !== change.to) live.writeSysctl(change.name, change.to);
  for (const [name, value] of Object.entries(change.after)) {
    const now = live.readSysctl(name);
    if (now !== undefined && now !== value) live.writeSysctl(name, value);
  }
  return { done: true, set: live.readSysctl(change.name) ?? change.to };
}
