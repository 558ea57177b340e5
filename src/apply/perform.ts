import { isKernelError } from "../kernel/error.ts";
import { addressesOn, sameAddress } from "./address-changes.ts";
import type { AddressChange, Change, LinkChange, MtuChange, RulesetChange, SysctlChange } from "./change.ts";
import type { Live } from "./live.ts";

/** What became of a change. */
export interface Performed {
  /** False: it was so already, by someone else's doing since we looked. */
  readonly done: boolean;
  /** What the kernel made of a sysctl's value. */
  readonly set?: string;
  /** Why it was left undone, if it was. */
  readonly left?: string;
}

/** Carries one change out. Repeating it does no harm: what is there already, or gone already, is left at that. */
export function perform(live: Live, change: Exclude<Change, RulesetChange>): Performed {
  switch (change.kind) {
    case "link":
      return performLink(live, change);
    case "mtu":
      return change.action === "set" ? setMtu(live, change) : unless("kernel-not-found", () => setMtu(live, change));
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
    case "proxy-neighbour":
      return change.action === "add"
        ? unless("kernel-exists", () => live.addProxyNeighbour(change.setting))
        : unless("kernel-not-found", () => live.removeProxyNeighbour(change.setting));
    case "sysctl":
      return performSysctl(live, change);
  }
}

function setMtu(live: Live, { interface: device, to }: MtuChange): Performed {
  live.setLinkMtu(device, to);
  return { done: true };
}

function unless(code: "kernel-exists" | "kernel-not-found", run: () => void): Performed {
  try {
    run();
    return { done: true };
  } catch (error) {
    if (isKernelError(error, code)) return { done: false };
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
