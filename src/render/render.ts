import type { Plan } from "../plan/plan.ts";
import type { DesiredState } from "./desired-state.ts";
import { interfaceOf, interfacesUp, linkSettings } from "./links.ts";
import { shapingSettings } from "./limits/shaping.ts";
import { reachOf } from "./reach.ts";
import { renderRuleset } from "./ruleset.ts";
import { sysctlSettings } from "./sysctl.ts";
import { uplinkRouting } from "./uplinks/routing.ts";
import { twiceNatParts } from "./twice-nat.ts";

/**
 * Everything of the kernel the plan asks for. The plan must have no errors; throws RangeError for what cannot be
 * written at all, such as an interface name with a quote in it.
 */
export function renderState(plan: Plan): DesiredState {
  const { gateway } = plan;
  const reach = reachOf(gateway);
  const twice = twiceNatParts(gateway.twiceNat, (link) => interfaceOf(gateway, link));
  const uplinks = uplinkRouting(gateway);
  const routes = [...reach.routes, ...twice.routes, ...uplinks.routes];
  const needsLoopback = routes.some((route) => route.interface === "lo");
  return {
    gateway: gateway.name,
    ruleset: renderRuleset(plan),
    sysctls: sysctlSettings(plan),
    links: linkSettings(gateway),
    addresses: reach.addresses,
    routes,
    policyRules: [...twice.policyRules, ...uplinks.policyRules],
    proxyNeighbours: reach.proxyNeighbours,
    shaping: shapingSettings(plan),
    interfacesUp: [...interfacesUp(gateway), ...(needsLoopback ? ["lo"] : [])],
  };
}
