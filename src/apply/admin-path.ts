import { parseIpv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix, network, parseIpv4Prefix, prefixContains } from "../address/ipv4-prefix.ts";
import type { AddressSetting } from "../render/desired-state.ts";
import { MAIN_TABLE } from "../render/reach.ts";
import { changeText, type Change } from "./change.ts";
import type { LiveRoute, Session } from "./live.ts";
import type { LiveState } from "./live-state.ts";
import type { ApplyProblem, Notice } from "./remark.ts";

/** What the changes would do to those who work on this host over the network. */
export interface AdminPath {
  readonly problems: readonly ApplyProblem[];
  readonly notices: readonly Notice[];
}

/** Just enough of the state to say whether a packet to somebody finds its way, with the right source address. */
interface Ground {
  addresses: readonly AddressSetting[];
  routes: readonly LiveRoute[];
  /** Bonds by member. */
  masters: ReadonlyMap<string, string>;
}

/**
 * Plays the changes through, and says which sessions would be cut for good (a problem) or for a moment (a notice).
 * Judges by addresses and the main routing table; a session whose way is not to be seen there now is not judged.
 */
export function adminPath(state: LiveState, changes: readonly Change[], force: boolean): AdminPath {
  const problems: ApplyProblem[] = [];
  const notices: Notice[] = [];
  const start: Ground = {
    addresses: state.addresses,
    routes: state.routes.filter(({ table }) => table === MAIN_TABLE),
    masters: new Map(state.links.flatMap(({ name, master }) => (master === undefined ? [] : [[name, master]]))),
  };
  for (const session of state.sessions) {
    const before = wayOf(start, session);
    if (before === undefined) continue;
    let ground = start;
    let cutBy: Change | undefined;
    let paused: Change | undefined;
    for (const change of changes) {
      ground = after(ground, change);
      const way = wayOf(ground, session);
      const isKept = way === before || (way !== undefined && way === homeOf(ground, session));
      if (isKept) cutBy = undefined;
      else {
        cutBy ??= change;
        paused ??= change;
      }
      if (change.kind === "bond" && change.interface === before && change.to.mode !== undefined) paused ??= change;
    }
    const who = `${session.peer}, connected to ${session.local},`;
    if (cutBy !== undefined && !force) {
      problems.push({
        code: "admin-path-lost",
        message: `${who} would be cut off by this: ${changeText(cutBy)}`,
        fix: "keep that address and its route in the file; or work from the console; or add --force if it is meant",
      });
    } else if (cutBy !== undefined) {
      const fix = "nothing: --force was given";
      notices.push({ code: "admin-path-interrupted", message: `${who} is cut off by: ${changeText(cutBy)}`, fix });
    } else if (paused !== undefined) {
      const fix = "nothing: it should go on after a moment; if not, the console is the way in";
      notices.push({ code: "admin-path-interrupted", message: `${who} pauses: ${changeText(paused)}`, fix });
    }
  }
  return { problems, notices };
}

/** The interface by which answers to the session leave, as long as its own address is here. */
function wayOf({ addresses, routes }: Ground, { local, peer }: Session): string | undefined {
  const to = parseIpv4(peer);
  if (to === undefined || !addresses.some(({ address }) => address === local)) return undefined;
  let best: { length: number; metric: number; interface: string } | undefined;
  for (const route of routes) {
    const prefix = parseIpv4Prefix(route.destination);
    if (prefix === undefined || route.interface === undefined || !prefixContains(prefix, to)) continue;
    const { length } = prefix;
    const isBetter =
      best === undefined || length > best.length || (length === best.length && route.metric < best.metric);
    if (isBetter) best = { length, metric: route.metric, interface: route.interface };
  }
  return best?.interface;
}

/** Where the session's address is. */
function homeOf({ addresses }: Ground, { local }: Session): string | undefined {
  return addresses.find(({ address }) => address === local)?.interface;
}

function after(ground: Ground, change: Change): Ground {
  switch (change.kind) {
    case "address":
      return change.action === "add" ? withAddresses(ground, [change.setting]) : withoutAddress(ground, change.setting);
    case "route": {
      const { metric = 0, table } = change.setting;
      if (table !== MAIN_TABLE) return ground;
      const route: LiveRoute = { ...change.setting, metric };
      const routes = ground.routes.filter((other) => !sameRoute(other, route));
      return { ...ground, routes: change.action === "add" ? [...routes, route] : routes };
    }
    case "link":
      return change.action === "up" ? ground : withoutRoutesBy(ground, change.interface);
    case "device":
      return change.action === "add" ? ground : withoutInterface(ground, change.setting.interface);
    case "member": {
      const { interface: name, bond, addresses, routes } = change.setting;
      const masters = new Map(ground.masters);
      if (change.action === "add") {
        masters.set(name, bond);
        return { ...withoutInterface(ground, name), masters };
      }
      masters.delete(name);
      const alone = withAddresses({ ...ground, masters }, addresses);
      const back = { ...alone, routes: [...alone.routes, ...routes.map((r) => ({ ...r, metric: r.metric ?? 0 }))] };
      // A bond without members has no cable.
      return [...masters.values()].includes(bond) ? back : withoutRoutesBy(back, bond);
    }
    case "bond":
    case "mtu":
    case "policy-rule":
    case "uplink":
    case "proxy-neighbour":
    case "shaping":
    case "sysctl":
    case "ruleset":
      return ground;
  }
}

function withAddresses(ground: Ground, settings: readonly AddressSetting[]): Ground {
  return {
    ...ground,
    addresses: [...ground.addresses, ...settings],
    routes: [...ground.routes, ...settings.map(ownNetwork)],
  };
}

function withoutAddress(ground: Ground, gone: AddressSetting): Ground {
  const addresses = ground.addresses.filter(
    (held) => held.address !== gone.address || held.interface !== gone.interface || held.length !== gone.length,
  );
  const lost = ownNetwork(gone);
  const isShared = addresses.some((held) => sameRoute(ownNetwork(held), lost));
  const routes = isShared ? ground.routes : ground.routes.filter((route) => !sameRoute(route, lost));
  return { ...ground, addresses, routes };
}

function withoutInterface(ground: Ground, name: string): Ground {
  const addresses = ground.addresses.filter((address) => address.interface !== name);
  return { ...withoutRoutesBy(ground, name), addresses };
}

function withoutRoutesBy(ground: Ground, name: string): Ground {
  return { ...ground, routes: ground.routes.filter((route) => route.interface !== name) };
}

/** The route to its own network that an address brings along. */
function ownNetwork({ interface: device, address, length }: AddressSetting): LiveRoute {
  const destination = formatIpv4Prefix({ address: network({ address: parseIpv4(address) ?? 0, length }), length });
  return { destination, table: MAIN_TABLE, interface: device, metric: 0 };
}

function sameRoute(a: LiveRoute, b: LiveRoute): boolean {
  return a.destination === b.destination && a.interface === b.interface && a.via === b.via && a.metric === b.metric;
}
