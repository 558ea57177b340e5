import type { DesiredState, RouteSetting } from "../render/desired-state.ts";
import { requireLink } from "./address-changes.ts";
import { MAIN_TABLE } from "../render/reach.ts";
import {
  routeText,
  type PolicyRuleChange,
  type ProxyNeighbourChange,
  type RouteChange,
  type UplinkChange,
} from "./change.ts";
import type { Remarks } from "./remark.ts";
import type { LiveRoute } from "./live.ts";
import type { LiveState } from "./live-state.ts";
import { sameSetting, type Owned } from "./record.ts";

/** Routes to add, and ours to remove. One that leads the same way with another metric will do, and is not ours. */
export function routeChanges(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
  remarks: Remarks,
): { needed: RouteChange[]; obsolete: RouteChange[] } {
  const obsolete = owned.routes
    .filter((own) => !desired.routes.some((setting) => sameSetting(own, setting)))
    .filter((own) => state.routes.some((route) => isRoute(route, own)))
    .map((setting): RouteChange => ({ kind: "route", action: "remove", setting }));
  const needed: RouteChange[] = [];
  for (const setting of desired.routes) {
    if (requireLink(state, setting.interface, remarks) === undefined) continue;
    if (state.routes.some((route) => leadsTheSameWay(route, setting))) continue;
    const other = state.routes.find(
      (route) =>
        route.destination === setting.destination &&
        route.table === setting.table &&
        route.metric === (setting.metric ?? 0) &&
        !obsolete.some((change) => isRoute(route, change.setting)),
    );
    if (other === undefined) {
      needed.push({ kind: "route", action: "add", setting });
      continue;
    }
    const via = other.via === undefined ? "" : ` via ${other.via}`;
    const device = other.interface === undefined ? "" : ` dev ${other.interface}`;
    const table = other.table === MAIN_TABLE ? "" : ` table ${other.table}`;
    remarks.problems.push({
      code: "route-elsewhere",
      message: `${routeText(setting)} is wanted, and ${setting.destination}${via}${device}${table} is there already`,
      fix: `remove it (ip route del ${setting.destination}${via}${device}${table}), give it a metric, or make the file agree with it`,
    });
  }
  return { needed, obsolete };
}

/** Uplinks that are out of use and no more what they were: whether what takes their place is up, nobody has looked yet. */
export function uplinkChanges(state: LiveState, owned: Owned, desired: DesiredState): UplinkChange[] {
  const stays = ({ table }: RouteSetting): boolean =>
    [...owned.routes, ...desired.routes].every(
      (route) => route.table !== table || desired.routes.some((other) => sameSetting(other, route)),
    );
  return state.withdrawn
    .filter((table) => !desired.routes.some((route) => route.table === table && stays(route)))
    .map((table) => ({ kind: "uplink", action: "restore", table }));
}

/** Policy rules to add, and ours to remove. */
export function policyRuleChanges(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
): { needed: PolicyRuleChange[]; obsolete: PolicyRuleChange[] } {
  const { needed, obsolete } = settingChanges(state.policyRules, owned.policyRules, desired.policyRules);
  return {
    needed: needed.map((setting) => ({ kind: "policy-rule", action: "add", setting })),
    obsolete: obsolete.map((setting) => ({ kind: "policy-rule", action: "remove", setting })),
  };
}

/** Proxy neighbours to add, and ours to remove. */
export function neighbourChanges(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
  remarks: Remarks,
): { needed: ProxyNeighbourChange[]; obsolete: ProxyNeighbourChange[] } {
  const present = desired.proxyNeighbours.filter(
    (setting) => requireLink(state, setting.interface, remarks) !== undefined,
  );
  const { needed } = settingChanges(state.proxyNeighbours, owned.proxyNeighbours, present);
  const { obsolete } = settingChanges(state.proxyNeighbours, owned.proxyNeighbours, desired.proxyNeighbours);
  return {
    needed: needed.map((setting) => ({ kind: "proxy-neighbour", action: "add", setting })),
    obsolete: obsolete.map((setting) => ({ kind: "proxy-neighbour", action: "remove", setting })),
  };
}

function settingChanges<T extends object>(
  live: readonly T[],
  owned: readonly T[],
  desired: readonly T[],
): { needed: T[]; obsolete: T[] } {
  const has = (list: readonly T[], setting: T): boolean => list.some((entry) => sameSetting(entry, setting));
  return {
    needed: desired.filter((setting) => !has(live, setting)),
    obsolete: owned.filter((setting) => !has(desired, setting) && has(live, setting)),
  };
}

/** Says whether a route is the very one of the setting, metric included. */
export function isRoute(route: LiveRoute, setting: RouteSetting): boolean {
  return leadsTheSameWay(route, setting) && route.metric === (setting.metric ?? 0);
}

/** Says whether a route has the destination, table and next hop of the setting, whatever its metric. */
function leadsTheSameWay(route: LiveRoute, setting: RouteSetting): boolean {
  return (
    route.destination === setting.destination &&
    route.table === setting.table &&
    route.interface === setting.interface &&
    route.via === setting.via
  );
}
