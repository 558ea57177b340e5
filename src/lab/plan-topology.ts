import type { Gateway } from "../config/gateway.ts";
import { MAIN_TABLE } from "../kernel/route/route.ts";
import { insideHost } from "./inside-host.ts";
import { planLabLinks } from "./lab-links.ts";
import { outsideHost } from "./outside-host.ts";
import { planServices } from "./services/service-ports.ts";
import { labNamespaces, type LabLink, type LabRoute, type LabTopology } from "./topology.ts";

/** Lays out the replica of a gateway; pure, and the same for the same file. */
export function planTopology(gateway: Gateway, id: string): LabTopology {
  const { links, assumed, assumptions } = planLabLinks(gateway);
  const inside = insideHost(gateway, links);
  return {
    id,
    namespaces: labNamespaces(id),
    links,
    gateway: {
      addresses: assumed,
      routes: [...inside.routesBack, ...defaultRoute(gateway, links)],
      sourceRules: [],
    },
    inside: inside.host,
    outside: outsideHost(gateway, links),
    services: planServices(gateway),
    assumptions: [...assumptions, ...inside.assumptions],
  };
}

/**
 * On the real host DHCP or a routing daemon may bring it; a replica without one would reach nothing. By the device
 * alone: the gateway has its own addresses only when the file is applied, and the outside answers ARP for all.
 */
function defaultRoute(gateway: Gateway, links: readonly LabLink[]): LabRoute[] {
  const outside = links.find((link) => link.side === "outside");
  if (outside === undefined || gateway.links.some((link) => link.gateway !== undefined)) return [];
  return [{ destination: "0.0.0.0/0", table: MAIN_TABLE, type: "unicast", interface: outside.interface }];
}
