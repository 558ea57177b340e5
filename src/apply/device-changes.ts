import type { DesiredState, LinkSetting } from "../render/desired-state.ts";
import { isDevice, optionsLike, optionsToChange } from "./bond-options.ts";
import type { BondChange, DeviceChange, MemberChange, MemberSetting } from "./change.ts";
import type { LiveLink } from "./live.ts";
import type { LiveState } from "./live-state.ts";
import type { Owned } from "./record.ts";
import type { Remarks } from "./remark.ts";

/** What must be done to bonds and VLANs, in the order of execution, and what is there afterwards. */
export interface DeviceChanges {
  /** Members that leave; they may be wanted elsewhere. */
  readonly leaving: readonly MemberChange[];
  readonly made: readonly DeviceChange[];
  readonly bonds: readonly BondChange[];
  readonly joining: readonly MemberChange[];
  /** A primary must be a member before it can be one. */
  readonly primaries: readonly BondChange[];
  readonly obsolete: readonly (BondChange | DeviceChange)[];
  /** The state with all of it done but what is obsolete: addresses and routes are compared with this. */
  readonly future: LiveState;
}

/** Bonds and VLANs to make, change, fill and take away. Expects only what the host can have (`possiblePart`). */
export function deviceChanges(
  state: LiveState,
  owned: Owned,
  desired: Pick<DesiredState, "links">,
  remarks: Pick<Remarks, "notices">,
): DeviceChanges {
  const leaving = owned.members
    .filter((own) => !isWanted(own, desired.links) && isMember(state, own))
    .map((setting): MemberChange => ({ kind: "member", action: "remove", setting }));
  const made: DeviceChange[] = [];
  const bonds: BondChange[] = [];
  const joining: MemberChange[] = [];
  const primaries: BondChange[] = [];
  for (const { interface: name, bond, vlan } of desired.links) {
    const live = state.links.find((link) => link.name === name);
    if (vlan !== undefined) {
      const setting = { interface: name, vlan };
      if (live === undefined) made.push({ kind: "device", action: "add", setting });
    }
    if (bond === undefined) continue;
    const { primary, ...options } = bond.options;
    if (live === undefined) made.push({ kind: "device", action: "add", setting: { interface: name, bond: options } });
    else bonds.push(...bondChange(name, live, options));
    const now = live ?? { name, up: false, mtu: 1500, carrier: false, bond: { primary: "" } };
    if (primary !== undefined) primaries.push(...bondChange(name, now, { primary }));
    joining.push(...membersToJoin(state, name, bond.members));
    notNamed(state, owned, name, bond.members, remarks);
  }
  const ours = new Set(desired.links.filter(({ bond, vlan }) => bond ?? vlan).map((link) => link.interface));
  // As they are now, for that is what undoing must bring back.
  const devices = owned.devices
    .filter((own) => !ours.has(own.interface))
    .toReversed()
    .flatMap((own): DeviceChange[] => {
      const live = state.links.find((link) => isDevice(link, own));
      if (live === undefined) return [];
      const setting = { ...own, ...(live.bond === undefined ? {} : { bond: live.bond }) };
      return [{ kind: "device", action: "remove", setting }];
    });
  const restored = bondsBack(state, { bonds: owned.bonds.filter((own) => !ours.has(own.interface)) }, remarks);
  return {
    leaving,
    made,
    bonds,
    joining,
    primaries,
    obsolete: [...restored, ...devices],
    future: futureState(state, leaving, made, joining),
  };
}

/** Options of others' bonds to put back. */
export function bondsBack(
  state: LiveState,
  { bonds }: Pick<Owned, "bonds">,
  remarks: Pick<Remarks, "notices">,
): BondChange[] {
  return bonds.flatMap(({ interface: name, old, set }): BondChange[] => {
    const now = state.links.find((link) => link.name === name)?.bond;
    if (now === undefined) return [];
    const to = optionsToChange(now, old);
    const changed = optionsToChange(now, optionsLike(to, set));
    if (Object.keys(changed).length > 0) {
      remarks.notices.push({
        code: "left-as-changed",
        message: `${Object.keys(changed).join(", ")} of bond ${name}: someone changed it after apply had; left`,
        fix: `compare with what it was before the first apply: ${JSON.stringify(old)}`,
      });
      return [];
    }
    if (Object.keys(to).length === 0) return [];
    return [{ kind: "bond", action: "restore", interface: name, from: optionsLike(to, now), to }];
  });
}

function bondChange(name: string, { bond = {} }: LiveLink, wanted: NonNullable<LiveLink["bond"]>): BondChange[] {
  const to = optionsToChange(bond, wanted);
  if (Object.keys(to).length === 0) return [];
  return [{ kind: "bond", action: "set", interface: name, from: optionsLike(to, bond), to }];
}

function membersToJoin(state: LiveState, bond: string, members: readonly string[]): MemberChange[] {
  return members.flatMap((member): MemberChange[] => {
    const live = state.links.find((link) => link.name === member);
    if (live === undefined || live.master === bond) return [];
    const setting = {
      bond,
      interface: member,
      wasUp: live.up,
      addresses: state.addresses.filter((address) => address.interface === member),
      // Those of its own networks come back with the addresses, as the kernel's.
      routes: state.routes
        .filter((route) => route.interface === member && route.via !== undefined)
        .map(({ metric, ...route }) => ({ ...route, interface: member, ...(metric === 0 ? {} : { metric }) })),
    };
    return [{ kind: "member", action: "add", setting }];
  });
}

function notNamed(
  state: LiveState,
  owned: Owned,
  bond: string,
  members: readonly string[],
  remarks: Pick<Remarks, "notices">,
): void {
  for (const { name, master } of state.links) {
    if (master !== bond || members.includes(name) || owned.members.some((own) => own.interface === name)) continue;
    remarks.notices.push({
      code: "member-not-named",
      message: `${name} is a member of ${bond}, though the file does not name it; left`,
      fix: `add it to members, or take it out: ip link set ${name} nomaster`,
    });
  }
}

function isWanted({ bond, interface: member }: MemberSetting, links: readonly LinkSetting[]): boolean {
  return links.some((link) => link.interface === bond && link.bond?.members.includes(member) === true);
}

function isMember(state: LiveState, { bond, interface: member }: MemberSetting): boolean {
  return state.links.some(({ name, master }) => name === member && master === bond);
}

function futureState(
  state: LiveState,
  leaving: readonly MemberChange[],
  made: readonly DeviceChange[],
  joining: readonly MemberChange[],
): LiveState {
  if (leaving.length + made.length + joining.length === 0) return state;
  const joined = new Map(joining.map(({ setting }) => [setting.interface, setting.bond]));
  const left = new Map(leaving.map(({ setting }) => [setting.interface, setting]));
  const links = state.links.map((link): LiveLink => {
    const bond = joined.get(link.name);
    // The kernel brings a member up; `up` of one that left is what it was before.
    if (bond !== undefined) return { ...link, master: bond, up: true };
    const was = left.get(link.name);
    if (was === undefined) return link;
    const { master: _, ...alone } = link;
    return { ...alone, up: was.wasUp };
  });
  const fresh = made.map(({ setting }): LiveLink => {
    const below = state.links.find((link) => link.name === setting.vlan?.on);
    return { name: setting.interface, up: false, mtu: below?.mtu ?? 1500, carrier: false, ...setting };
  });
  const back = [...left.values()].filter((setting) => !joined.has(setting.interface));
  return {
    ...state,
    links: [...links, ...fresh],
    addresses: [
      ...state.addresses.filter(({ interface: name }) => !joined.has(name)),
      ...back.flatMap((s) => s.addresses),
    ],
    routes: state.routes.filter(({ interface: name }) => name === undefined || !joined.has(name)),
  };
}
