import type { BondSetting, DesiredState, LinkSetting, ShapingSetting } from "../render/desired-state.ts";
import type { LiveLink } from "./live.ts";
import type { LiveState } from "./live-state.ts";
import type { Owned } from "./record.ts";
import type { ApplyProblem } from "./remark.ts";

/** What of a desired state this host can have, and what must be left out, with the reason and the remedy. */
export interface PossiblePart {
  readonly desired: DesiredState;
  readonly leftOut: readonly ApplyProblem[];
  /** None of the file's interfaces is to be had: then the file is meant for another host. */
  readonly nothing: boolean;
}

/**
 * A link is there whole or not at all: without its interface it has no address, route or setting, and what lies on it
 * goes with it. All others come up. Only a bond may have fewer members than the file says; that is what it is for.
 */
export function possiblePart(state: LiveState, owned: Owned, desired: DesiredState): PossiblePart {
  const links = new Map(state.links.map((link) => [link.name, link]));
  const leftOut: ApplyProblem[] = [];
  const missing = new Set<string>();
  const made = new Set<string>();
  const is = (name: string): boolean => !missing.has(name) && (links.has(name) || made.has(name));
  const settings: LinkSetting[] = [];
  const leaveOut = (name: string, problem: ApplyProblem): void => {
    missing.add(name);
    leftOut.push(problem);
  };
  for (const setting of desired.links) {
    const { interface: name, bond, vlan } = setting;
    const live = links.get(name);
    if (bond !== undefined) {
      const problem = bondProblem(name, live, state);
      const usable = problem === undefined ? usableMembers(name, bond, links, owned, leftOut) : [];
      const hasMembers = usable.length > 0 || state.links.some((link) => link.master === name);
      if (problem !== undefined) leaveOut(name, problem);
      else if (!hasMembers) leaveOut(name, withoutMembers(name));
      else settings.push({ ...setting, bond: bondOf(bond, usable) });
      made.add(name);
    } else if (vlan !== undefined) {
      const problem = vlanProblem(name, live, state, vlan, is(vlan.on));
      if (problem !== undefined) leaveOut(name, problem);
      else settings.push(setting);
      made.add(name);
    } else {
      settings.push(setting);
    }
  }
  for (const name of interfacesOf(desired)) {
    if (!is(name) && !missing.has(name)) leaveOut(name, interfaceMissing(name, state));
  }
  const kept = <T extends { readonly interface: string }>(list: readonly T[]): T[] =>
    list.filter((entry) => !missing.has(entry.interface));
  const asked = interfacesOf(desired).filter((name) => name !== "lo");
  return {
    leftOut,
    nothing: asked.length > 0 && asked.every((name) => missing.has(name)),
    desired: {
      ...desired,
      links: kept(settings),
      addresses: kept(desired.addresses),
      routes: kept(desired.routes),
      proxyNeighbours: kept(desired.proxyNeighbours),
      shaping: kept(shapable(state, desired, leftOut)),
      interfacesUp: desired.interfacesUp.filter((name) => !missing.has(name)),
      sysctls: desired.sysctls.filter(({ name }) => !missing.has(interfaceIn(name) ?? "")),
    },
  };
}

function shapable(
  { cannotMake }: LiveState,
  { shaping }: DesiredState,
  leftOut: ApplyProblem[],
): readonly ShapingSetting[] {
  if (!cannotMake.includes("htb")) return shaping;
  leftOut.push({
    code: "kernel-without-htb",
    message: "nothing is shaped, so the rates of the file's limits do not hold: this kernel has no HTB",
    fix: "load it (modprobe sch_htb), or run a kernel that has it (CONFIG_NET_SCH_HTB: the stock kernels have it)",
  });
  return [];
}

/** The interface a sysctl is about, if it is about one. */
export function interfaceIn(sysctl: string): string | undefined {
  return /^net\.ipv4\.(?:conf|neigh)\.([^.]+)\./.exec(sysctl)?.[1]?.replaceAll("/", ".");
}

function interfacesOf(desired: DesiredState): string[] {
  const lists = [desired.links, desired.addresses, desired.routes, desired.proxyNeighbours];
  return [...new Set([...desired.interfacesUp, ...lists.flat().map((entry) => entry.interface)])];
}

function bondProblem(name: string, live: LiveLink | undefined, state: LiveState): ApplyProblem | undefined {
  if (live !== undefined && live.kind !== "bond") {
    return {
      code: "interface-not-bond",
      message: `${name} shall be a bond, and there is an interface ${name} that is none; the link is left out`,
      fix: "give the bond a name of its own in the file: interface: bond0",
    };
  }
  if (live !== undefined || !state.cannotMake.includes("bond")) return undefined;
  return {
    code: "kernel-without-bonding",
    message: `bond ${name} cannot be made: this kernel has no bonding; the link is left out with all that is on it`,
    fix: "load it (modprobe bonding), or run a kernel that has it (CONFIG_BONDING: the stock kernels of Debian, Ubuntu and Fedora); until then name one interface instead",
  };
}

function usableMembers(
  name: string,
  { members }: BondSetting,
  links: ReadonlyMap<string, LiveLink>,
  owned: Owned,
  leftOut: ApplyProblem[],
): string[] {
  return members.filter((member) => {
    const live = links.get(member);
    if (live === undefined) {
      leftOut.push({
        code: "member-missing",
        message: `there is no interface ${member} here; bond ${name} has to do without it`,
        fix: "see whether the card is found (ip link, lspci, dmesg), then apply again; or take it out of the file",
      });
      return false;
    }
    const ours = owned.members.some((own) => own.interface === member);
    if (live.master === undefined || live.master === name || ours) return true;
    leftOut.push({
      code: "member-in-use",
      message: `${member} belongs to ${live.master} already; ${name} has to do without it`,
      fix: `take it out there (ip link set ${member} nomaster) and apply again; or take it out of the file`,
    });
    return false;
  });
}

function withoutMembers(name: string): ApplyProblem {
  return {
    code: "bond-without-members",
    message: `none of the members of bond ${name} can be had; the link is left out with all that is on it`,
    fix: "see to the members, then apply again",
  };
}

/** A primary that is not there cannot be preferred. */
function bondOf({ options }: BondSetting, members: readonly string[]): BondSetting {
  const { primary } = options;
  if (primary === undefined || primary === "" || members.includes(primary)) return { members, options };
  return { members, options: { ...options, primary: "" } };
}

function vlanProblem(
  name: string,
  live: LiveLink | undefined,
  state: LiveState,
  vlan: NonNullable<LinkSetting["vlan"]>,
  isGround: boolean,
): ApplyProblem | undefined {
  const what = `VLAN ${vlan.id} of ${vlan.on}`;
  if (!isGround) {
    return {
      code: "interface-missing",
      message: `there is no interface ${vlan.on} here, so ${name}, ${what}, is left out`,
      fix: `make ${vlan.on} first, or name another with on:`,
    };
  }
  if (live !== undefined && (live.vlan?.on !== vlan.on || live.vlan.id !== vlan.id)) {
    return {
      code: "interface-not-vlan",
      message: `${name} shall be ${what}, and there is an interface ${name} that is something else; the link is left out`,
      fix: `give the VLAN a name of its own in the file, or delete the other: ip link del ${name}`,
    };
  }
  if (live !== undefined || !state.cannotMake.includes("vlan")) return undefined;
  return {
    code: "kernel-without-vlan",
    message: `${name}, ${what}, cannot be made: this kernel has no VLANs; the link is left out with all that is on it`,
    fix: "load the module (modprobe 8021q), or run a kernel that has it (CONFIG_VLAN_8021Q: the stock kernels have it)",
  };
}

function interfaceMissing(name: string, state: LiveState): ApplyProblem {
  const names = state.links.map((link) => link.name).join(", ");
  return {
    code: "interface-missing",
    message: `there is no interface ${name} here; it is left out with all that is on it`,
    fix: `name one there is (${names}), or make ${name} first and apply again`,
  };
}
