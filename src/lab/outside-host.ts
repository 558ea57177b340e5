import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix, network } from "../address/ipv4-prefix.ts";
import { mergeRanges, prefixRange, rangePrefixes, subtractRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import { LOCAL_TABLE } from "../kernel/route/route.ts";
import { placePublicAddresses } from "../render/public-addresses.ts";
import { type LabHost, type LabLink, type LabRoute } from "./topology.ts";

/**
 * Lays out the namespace that is the internet: every address is its own, except those behind the gateway.
 * The exceptions stand in table local too, more specific, because that table is asked before all others.
 */
export function outsideHost(gateway: Gateway, links: readonly LabLink[]): LabHost {
  const outside = links.filter((link) => link.side === "outside");
  const routes = new Map<string, LabRoute>();
  const add = (range: Ipv4Range, link: LabLink, via?: number) => {
    for (const prefix of rangePrefixes(range)) {
      const destination = formatIpv4Prefix(prefix);
      if (routes.has(destination)) continue;
      const next = via === undefined ? {} : { via: formatIpv4(via) };
      routes.set(destination, { destination, table: LOCAL_TABLE, type: "unicast", interface: link.interface, ...next });
    }
  };

  for (const link of outside) {
    for (const own of link.addresses) add({ first: own.address, last: own.address }, link);
  }
  const find = (name: string) => outside.find((link) => link.name === name) ?? outside[0];
  for (const { range, link: name, reachedBy } of placePublicAddresses(gateway)) {
    const link = find(name);
    if (link !== undefined) add(range, link, reachedBy === "route" ? link.addresses[0]?.address : undefined);
  }
  for (const { link, ranges } of reachedThrough(gateway, find)) {
    for (const range of ranges) add(range, link, link.addresses[0]?.address);
  }
  const everything: LabRoute = { destination: "0.0.0.0/0", table: LOCAL_TABLE, type: "local", interface: "lo" };
  return {
    addresses: outside.map((link) => ({ interface: link.interface, address: formatIpv4(link.neighbour), length: 32 })),
    routes: [...routes.values(), everything],
    sourceRules: [],
  };
}

/** What the outside knows only as lying behind the gateway: twice NAT's networks, and sources let through untranslated. */
function reachedThrough(gateway: Gateway, find: (name: string) => LabLink | undefined) {
  const found: { link: LabLink; ranges: Ipv4Range[] }[] = [];
  for (const rule of gateway.twiceNat) {
    const link = find(rule.outside.link);
    const { seenAs } = rule.inside;
    if (link !== undefined)
      found.push({ link, ranges: [prefixRange({ address: network(seenAs), length: seenAs.length })] });
  }
  const outsideHosts = gateway.twiceNat.map((rule) => prefixRange(rule.outside.hosts));
  for (const rule of gateway.sourceNat) {
    const link = find(rule.out);
    const untranslated = rule.untranslatedTo.length > 0 ? rule.from : rule.except;
    if (link !== undefined) found.push({ link, ranges: subtractRanges(mergeRanges(untranslated), outsideHosts) });
  }
  return found;
}
