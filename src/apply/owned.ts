import type { DesiredState } from "../render/desired-state.ts";
import { sameAddress } from "./address-changes.ts";
import { isDevice, optionsLike, optionsToChange } from "./bond-options.ts";
import type { BondChange, Change, SysctlChange } from "./change.ts";
import type { LiveState } from "./live-state.ts";
import { sameSetting, type Owned, type OwnedSysctl } from "./record.ts";
import { isRoute } from "./route-changes.ts";
import { classesAfter, hasOurQueue } from "./shaping-changes.ts";
import { IP_FORWARD } from "../render/packets-through.ts";
import { alongsideNames, alongsideValue } from "./sysctl-alongside.ts";

/**
 * What is ours after a change. The first old value of a sysctl stays, however often it is set again.
 * `set` is what the kernel made of a sysctl's value.
 */
export function ownedAfter(owned: Owned, change: Change, set?: string): Owned {
  switch (change.kind) {
    case "link": {
      const others = owned.links.filter((link) => link.interface !== change.interface);
      if (change.action === "down") return { ...owned, links: others };
      return { ...owned, links: [...others, { interface: change.interface, addresses: change.addresses }] };
    }
    case "mtu": {
      const { interface: device, from, to } = change;
      const old = owned.mtus.find((own) => own.interface === device)?.old ?? from;
      const others = owned.mtus.filter((own) => own.interface !== device);
      return { ...owned, mtus: change.action === "set" ? [...others, { interface: device, old, set: to }] : others };
    }
    case "device": {
      const others = owned.devices.filter((own) => own.interface !== change.setting.interface);
      return { ...owned, devices: change.action === "add" ? [...others, change.setting] : others };
    }
    case "member": {
      const { setting } = change;
      const mine = owned.members.find((own) => own.interface === setting.interface && own.bond === setting.bond);
      const others = owned.members.filter((own) => own !== mine);
      return { ...owned, members: change.action === "add" ? [...others, mine ?? setting] : others };
    }
    case "bond":
      return bondAfter(owned, change);
    case "address":
      return { ...owned, addresses: after(owned.addresses, change.action, change.setting) };
    case "route":
      return { ...owned, routes: after(owned.routes, change.action, change.setting) };
    case "policy-rule":
      return { ...owned, policyRules: after(owned.policyRules, change.action, change.setting) };
    case "proxy-neighbour":
      return { ...owned, proxyNeighbours: after(owned.proxyNeighbours, change.action, change.setting) };
    case "shaping": {
      const { interface: device } = change;
      const others = owned.shaping.filter((own) => own.interface !== device);
      if (change.action === "remove") return { ...owned, shaping: others };
      const before = owned.shaping.find((own) => own.interface === device)?.classes ?? [];
      return { ...owned, shaping: [...others, { interface: device, classes: classesAfter(before, change) }] };
    }
    case "sysctl": {
      const { sysctls } = owned;
      if (change.action === "set") return { ...owned, sysctls: sysctlsAfter(sysctls, change, set ?? change.to) };
      return { ...owned, sysctls: sysctlsRestored(sysctls, change) };
    }
    // It is ours by its rtm_protocol, as the table is by its name.
    case "uplink":
    case "ruleset":
      return owned;
  }
}

/** A bond that is ours has no old options to put back: it goes as a whole. */
function bondAfter(owned: Owned, { action, interface: device, from, to }: BondChange): Owned {
  const made = owned.devices.find((own) => own.interface === device);
  if (made !== undefined) {
    const then = { ...made, bond: { ...made.bond, ...to } };
    return { ...owned, devices: owned.devices.map((own) => (own === made ? then : own)) };
  }
  const known = owned.bonds.find((own) => own.interface === device);
  const others = owned.bonds.filter((own) => own !== known);
  if (action === "restore") return { ...owned, bonds: others };
  const then = { interface: device, old: { ...from, ...known?.old }, set: { ...known?.set, ...to } };
  return { ...owned, bonds: [...others, then] };
}

function sysctlsAfter(sysctls: readonly OwnedSysctl[], change: SysctlChange, set: string): OwnedSysctl[] {
  const first = (name: string): OwnedSysctl | undefined => sysctls.find((own) => own.name === name);
  const { name, from, to, before } = change;
  const others = sysctls.filter((own) => own.name !== name && before[own.name] === undefined);
  const carried = Object.entries(before).map(([other, value]): OwnedSysctl => {
    const known = first(other);
    const made = alongsideValue(other, set);
    const direct = known !== undefined && known.alongside === undefined;
    return { name: other, old: known?.old ?? value, asked: made, set: made, ...(direct ? {} : { alongside: name }) };
  });
  return [...others, { name, old: first(name)?.old ?? from, asked: to, set }, ...carried];
}

/** What it carried along goes with it, where that is as it was. */
function sysctlsRestored(sysctls: readonly OwnedSysctl[], change: SysctlChange): OwnedSysctl[] {
  return sysctls.flatMap((own) => {
    if (own.name === change.name) return [];
    if (change.before[own.name] === undefined) return [own];
    const made = alongsideValue(own.name, change.to);
    return own.alongside !== undefined && made === own.old ? [] : [{ ...own, set: made }];
  });
}

function after<T extends object>(list: readonly T[], action: "add" | "remove", setting: T): T[] {
  const others = list.filter((entry) => !sameSetting(entry, setting));
  return action === "add" ? [...others, setting] : others;
}

/** What may be ours when an apply or remove broke off: what the record says and all that was going to be made. */
export function ownedAtMost(owned: Owned, changes: readonly Change[]): Owned {
  let most = owned;
  for (const change of changes) {
    const makes = change.kind === "link" ? change.action === "up" : change.action === "add" || change.action === "set";
    if (makes) most = ownedAfter(most, change);
  }
  return most;
}

/**
 * What is ours once the desired state is reached: a sysctl asked for holds what will do, whoever made it so.
 * `values` reads the present value.
 */
export function ownedAtLast(
  owned: Owned,
  desired: Pick<DesiredState, "sysctls" | "links">,
  values: (name: string) => string | undefined,
): Owned {
  const sysctls = owned.sysctls.map((own): OwnedSysctl => {
    const wanted = desired.sysctls.find(({ name }) => name === own.name);
    const { name, old, set } = own;
    return wanted === undefined ? own : { name, old, asked: wanted.value, set: values(name) ?? set };
  });
  // One that somebody took out, and the file has no more, is theirs.
  const members = owned.members.filter((own) =>
    desired.links.some((link) => link.interface === own.bond && link.bond?.members.includes(own.interface) === true),
  );
  return { ...owned, members, sysctls };
}

/** How `uncertain` names the options of a bond. */
export function bondKey(device: string): string {
  return `bond ${device}`;
}

/** How `uncertain` names the MTU of an interface. */
export function mtuKey(device: string): string {
  return `mtu ${device}`;
}

/**
 * What is really ours: of what may be, only what is there. After an interruption (`uncertain` names the sysctls and
 * MTUs it was about) the present value is taken as the one we set.
 */
export function ownedNow(most: Owned, state: LiveState, uncertain: ReadonlySet<string>): Owned {
  return {
    links: most.links.filter((link) => state.links.some(({ name, up }) => name === link.interface && up)),
    mtus: most.mtus.flatMap((own) => {
      const now = state.links.find(({ name }) => name === own.interface)?.mtu;
      if (now === undefined || now === own.old) return [];
      return [uncertain.has(mtuKey(own.interface)) ? { ...own, set: now } : own];
    }),
    devices: most.devices.filter((own) => state.links.some((link) => isDevice(link, own))),
    // What it was before must outlive somebody's taking it out.
    members: most.members.filter((own) =>
      state.links.some(({ name, master = own.bond }) => name === own.interface && master === own.bond),
    ),
    bonds: most.bonds.flatMap((own) => {
      const now = state.links.find(({ name }) => name === own.interface)?.bond;
      if (now === undefined || Object.keys(optionsToChange(now, own.old)).length === 0) return [];
      return [uncertain.has(bondKey(own.interface)) ? { ...own, set: optionsLike(own.set, now) } : own];
    }),
    addresses: most.addresses.filter((own) => state.addresses.some((address) => sameAddress(address, own))),
    routes: most.routes.filter((own) => state.routes.some((route) => isRoute(route, own))),
    policyRules: most.policyRules.filter((own) => state.policyRules.some((rule) => sameSetting(rule, own))),
    proxyNeighbours: most.proxyNeighbours.filter((own) =>
      state.proxyNeighbours.some((neighbour) => sameSetting(neighbour, own)),
    ),
    // A queue with our number is ours even if no record tells of it.
    shaping: [...state.classes]
      .filter(([device]) => hasOurQueue(state, device))
      .map(
        ([device, classes]) => most.shaping.find((own) => own.interface === device) ?? { interface: device, classes },
      ),
    sysctls: sysctlsNow(most.sysctls, state, uncertain),
  };
}

function sysctlsNow(most: readonly OwnedSysctl[], state: LiveState, uncertain: ReadonlySet<string>): OwnedSysctl[] {
  const isBack = (own: OwnedSysctl): boolean => {
    const now = state.sysctls.get(own.name)?.value;
    return now === undefined || (now === own.old && own.set !== own.old);
  };
  const carriers = new Set(most.filter((own) => !isBack(own)).map(({ name }) => name));
  return most.flatMap((own) => {
    const now = state.sysctls.get(own.name)?.value;
    if (now === undefined) return [];
    // While the one that carries it along is ours, its old value must not be forgotten.
    const carried = alongsideNames(IP_FORWARD, state.links).includes(own.name) && carriers.has(IP_FORWARD);
    const back = own.alongside === undefined ? isBack(own) : now === own.old;
    if (back && !carried) return [];
    return [uncertain.has(own.name) ? { ...own, asked: now, set: now } : own];
  });
}
