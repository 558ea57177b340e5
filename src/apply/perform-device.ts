import { isKernelError } from "../kernel/error.ts";
import type { BondOptionSettings } from "../render/desired-state.ts";
import type { BondChange, MemberSetting } from "./change.ts";
import type { Live, LiveRoute } from "./live.ts";

/** Puts an interface into a bond: what it had comes off first. If the kernel refuses, it has it again. */
export function joinBond(live: Live, setting: MemberSetting): void {
  try {
    enslave(live, setting);
  } catch (error) {
    makeAsBefore(live, setting);
    throw error;
  }
}

/** Takes an interface out of its bond and makes it what it was. If the kernel refuses, it is a member again. */
export function leaveBond(live: Live, setting: MemberSetting): void {
  const now = live.links().find((link) => link.name === setting.interface);
  if (now === undefined) return;
  const wasMember = now.master === setting.bond;
  try {
    if (wasMember) live.setMaster(setting.interface, undefined);
    makeAsBefore(live, setting);
  } catch (error) {
    if (wasMember) enslave(live, setting);
    throw error;
  }
}

function enslave(live: Live, { bond, interface: member, addresses }: MemberSetting): void {
  for (const address of addresses) unlessGone(() => live.removeAddress(address));
  live.setLinkUp(member, false);
  live.setMaster(member, bond);
}

function makeAsBefore(live: Live, { interface: name, wasUp, addresses, routes }: MemberSetting): void {
  live.setLinkUp(name, wasUp);
  for (const address of addresses) unlessThere(() => live.addAddress(address));
  for (const route of wasUp ? routes : []) unlessThere(() => live.addRoute(route));
}

/**
 * Changes options of a bond. For some the kernel wants it down, for the mode also without members; then they come back
 * and so do the routes that went with it, whoever set them. If the kernel refuses, all is as before.
 */
export function changeBond(live: Live, { interface: bond, from, to }: BondChange): void {
  if (to.mode === undefined && to.lacpRate === undefined) {
    live.setBond(bond, to);
    return;
  }
  const links = live.links();
  const wasUp = links.some((link) => link.name === bond && link.up);
  const members = to.mode === undefined ? [] : links.filter((link) => link.master === bond);
  // VLANs on the bond go down and come up with it.
  const above = links.filter((link) => link.vlan?.on === bond && link.up).map((link) => link.name);
  const routes = [bond, ...above].flatMap((name) => live.routesBy(name));
  const keep = keepIpv6(live, [bond, ...above]);
  const change = (options: BondOptionSettings): void => {
    live.setLinkUp(bond, false);
    for (const { name } of members) live.setMaster(name, undefined);
    live.setBond(bond, options);
  };
  const goOn = (): void => {
    for (const { name } of members) {
      live.setLinkUp(name, false);
      live.setMaster(name, bond);
    }
    live.setLinkUp(bond, wasUp);
    for (const name of wasUp ? above : []) live.setLinkUp(name, true);
    for (const route of wasUp ? routes : []) unlessThere(() => addAgain(live, route));
  };
  try {
    attempt(() => change(to), goOn);
    attempt(goOn, () => {
      change(from);
      goOn();
    });
  } finally {
    keep.end();
  }
}

/** What fails is put back before its failure comes out. */
function attempt(run: () => void, putBack: () => void): void {
  try {
    run();
  } catch (error) {
    putBack();
    throw error;
  }
}

function addAgain(live: Live, { interface: device, metric, ...route }: LiveRoute): void {
  if (device === undefined) return;
  live.addRoute({ ...route, interface: device, ...(metric === 0 ? {} : { metric }) });
}

/** The kernel forgets IPv6 addresses of an interface that goes down, unless told otherwise. */
function keepIpv6(live: Live, names: readonly string[]): { end(): void } {
  const told = names.flatMap((name) => {
    const sysctl = `net.ipv6.conf.${name.replaceAll(".", "/")}.keep_addr_on_down`;
    const value = live.readSysctl(sysctl);
    if (value === undefined || value === "1" || !live.isSysctlWritable(sysctl)) return [];
    live.writeSysctl(sysctl, "1");
    return [{ sysctl, value }];
  });
  return {
    end() {
      for (const { sysctl, value } of told) live.writeSysctl(sysctl, value);
    },
  };
}

function unlessThere(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "kernel-exists")) throw error;
  }
}

function unlessGone(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "kernel-not-found")) throw error;
  }
}
