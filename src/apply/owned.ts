import { sameAddress } from "./address-changes.ts";
import type { Change } from "./change.ts";
import type { LiveState } from "./live-state.ts";
import { sameSetting, type Owned, type OwnedSysctl } from "./record.ts";
import { isRoute } from "./route-changes.ts";

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
    case "address":
      return { ...owned, addresses: after(owned.addresses, change.action, change.setting) };
    case "route":
      return { ...owned, routes: after(owned.routes, change.action, change.setting) };
    case "policy-rule":
      return { ...owned, policyRules: after(owned.policyRules, change.action, change.setting) };
    case "proxy-neighbour":
      return { ...owned, proxyNeighbours: after(owned.proxyNeighbours, change.action, change.setting) };
    case "sysctl": {
      const others = owned.sysctls.filter(({ name }) => name !== change.name);
      if (change.action === "restore") return { ...owned, sysctls: others };
      const first = owned.sysctls.find(({ name }) => name === change.name);
      const own: OwnedSysctl = {
        name: change.name,
        old: first?.old ?? change.from,
        asked: change.to,
        set: set ?? change.to,
        alongside: first?.alongside ?? change.before,
      };
      return { ...owned, sysctls: [...others, own] };
    }
    case "ruleset":
      return owned;
  }
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
 * What is really ours: of what may be, only what is there. After an interruption (`uncertain` names the sysctls it
 * was about) the present value of a sysctl is taken as the one we set.
 */
export function ownedNow(most: Owned, state: LiveState, uncertain: ReadonlySet<string>): Owned {
  return {
    links: most.links.filter((link) => state.links.some(({ name, up }) => name === link.interface && up)),
    addresses: most.addresses.filter((own) => state.addresses.some((address) => sameAddress(address, own))),
    routes: most.routes.filter((own) => state.routes.some((route) => isRoute(route, own))),
    policyRules: most.policyRules.filter((own) => state.policyRules.some((rule) => sameSetting(rule, own))),
    proxyNeighbours: most.proxyNeighbours.filter((own) =>
      state.proxyNeighbours.some((neighbour) => sameSetting(neighbour, own)),
    ),
    sysctls: most.sysctls.flatMap((own) => {
      const now = state.sysctls.get(own.name)?.value;
      if (now === undefined || (now === own.old && own.set !== own.old)) return [];
      return [uncertain.has(own.name) ? { ...own, set: now } : own];
    }),
  };
}
