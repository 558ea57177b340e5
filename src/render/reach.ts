import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix } from "../address/ipv4-prefix.ts";
import { mergeRanges, rangePrefixes } from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import type { AddressSetting, ProxyNeighbourSetting, RouteSetting } from "./desired-state.ts";
import { interfaceOf } from "./links.ts";
import { placePublicAddresses } from "./public-addresses.ts";

/** The main routing table. */
export const MAIN_TABLE = 254;

/** What makes the gateway reachable: addresses on its links, routes, answers to ARP. */
export interface Reach {
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly RouteSetting[];
  readonly proxyNeighbours: readonly ProxyNeighbourSetting[];
}

/**
 * Addresses reached by `route` or `proxy-arp` are no addresses of the gateway: they get a unicast route into lo.
 * With it the gateway's own packets find a way to the output chain, and the kernel answers ARP, which it does only
 * for a unicast route by another device; without it they would follow the default route back to the provider.
 */
export function reachOf(gateway: Gateway): Reach {
  const addresses: AddressSetting[] = gateway.links.flatMap((link) =>
    link.addresses.map(({ address, length }) => ({ interface: link.interface, address: formatIpv4(address), length })),
  );
  const proxyNeighbours: ProxyNeighbourSetting[] = [];
  const placed = placePublicAddresses(gateway);
  for (const { range, link, reachedBy } of placed) {
    if (reachedBy === "route") continue;
    const name = interfaceOf(gateway, link);
    for (let address = range.first; address <= range.last; address++) {
      const text = formatIpv4(address);
      if (reachedBy === "address") addresses.push({ interface: name, address: text, length: 32 });
      else proxyNeighbours.push({ interface: name, address: text });
    }
  }
  const remote = placed.filter(({ reachedBy }) => reachedBy !== "address").map(({ range }) => range);
  const routes = mergeRanges(remote)
    .flatMap(rangePrefixes)
    .map((prefix) => ({ destination: formatIpv4Prefix(prefix), table: MAIN_TABLE, interface: "lo" }));
  return { addresses, routes: [...defaultRoutes(gateway), ...staticRoutes(gateway), ...routes], proxyNeighbours };
}

function staticRoutes(gateway: Gateway): RouteSetting[] {
  return gateway.links.flatMap((link) =>
    (link.routes ?? []).map(({ to, via, metric = 0 }) => ({
      destination: formatIpv4Prefix(to),
      table: MAIN_TABLE,
      interface: link.interface,
      ...(via === undefined ? {} : { via: formatIpv4(via) }),
      ...(metric === 0 ? {} : { metric }),
    })),
  );
}

function defaultRoutes(gateway: Gateway): RouteSetting[] {
  const routes: RouteSetting[] = [];
  for (const link of gateway.links) {
    if (link.gateway === undefined) continue;
    const route = {
      destination: "0.0.0.0/0",
      table: MAIN_TABLE,
      interface: link.interface,
      via: formatIpv4(link.gateway),
    };
    routes.push(routes.length === 0 ? route : { ...route, metric: routes.length * 100 });
  }
  return routes;
}
