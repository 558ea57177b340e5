import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix, network } from "../address/ipv4-prefix.ts";
import {
  countAddresses,
  formatIpv4Range,
  mergeRanges,
  prefixRange,
  rangePrefixes,
  rangesContain,
  subtractRanges,
  type Ipv4Range,
} from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import { LOCAL_TABLE, MAIN_TABLE } from "../kernel/route/route.ts";
import { placePublicAddresses } from "../render/public-addresses.ts";
import { type InsideHost, type LabLink, type LabRoute, type LabSourceRule } from "./topology.ts";

/** Wider than a class A network: means "anybody", and owning it would swallow the internet. */
const WIDEST = 2 ** 24;
/** Tables and rule priorities for subscribers behind the second and further links. */
const FIRST_TABLE = 100;
const FIRST_PRIORITY = 1000;

/** The subscribers' namespace, and the routes by which the gateway finds those who are on no link's own network. */
export interface InsidePlan {
  readonly host: InsideHost;
  readonly routesBack: readonly LabRoute[];
  readonly assumptions: readonly string[];
}

/** Lays out the namespace that owns every inside address. */
export function insideHost(gateway: Gateway, links: readonly LabLink[]): InsidePlan {
  const inside = links.filter((link) => link.side === "inside");
  const first = inside[0];
  if (first === undefined) throw new TypeError("a lab has a link inside");
  const routed = routedInside(gateway, inside);
  const wanted = wantedRanges(gateway, routed);
  const elsewhere = notInside(gateway, links);
  const onLink = inside.flatMap((link) => link.addresses.map(prefixRange));
  const offLink = subtractRanges(mergeRanges(wanted.ranges), [...onLink, ...elsewhere]);
  const owned = mergeRanges([...subtractRanges(onLink, elsewhere), ...offLink]);
  const behind = assignLinks(gateway, inside, first, offLink);

  const routes: LabRoute[] = [];
  const sourceRules: LabSourceRule[] = [];
  for (const link of inside) {
    for (const own of link.addresses) {
      routes.push({ ...local(`${formatIpv4(own.address)}/32`), type: "unicast", interface: link.interface });
    }
  }
  for (const range of owned) {
    for (const prefix of rangePrefixes(range)) routes.push(local(formatIpv4Prefix(prefix)));
  }
  const routesBack: LabRoute[] = [];
  for (const [index, link] of inside.entries()) {
    const via = formatIpv4(link.addresses[0]?.address ?? 0);
    const table = index === 0 ? MAIN_TABLE : FIRST_TABLE + index;
    routes.push({ destination: "0.0.0.0/0", table, type: "unicast", interface: link.interface, via });
    const prefixes = (behind.get(link) ?? []).flatMap(rangePrefixes);
    // Where the file has a route itself, the gateway needs none of ours.
    const unrouted = subtractRanges(behind.get(link) ?? [], routed);
    for (const prefix of unrouted.flatMap(rangePrefixes)) {
      routesBack.push({
        destination: formatIpv4Prefix(prefix),
        table: MAIN_TABLE,
        type: "unicast",
        interface: link.interface,
        via: formatIpv4(link.neighbour),
      });
    }
    if (index === 0) continue;
    const networks = link.addresses.map((own) => ({ address: network(own), length: own.length }));
    for (const prefix of [...networks, ...prefixes]) {
      sourceRules.push({ from: formatIpv4Prefix(prefix), table, priority: FIRST_PRIORITY + index });
    }
  }
  const addresses = inside.map((link) => ({
    interface: link.interface,
    address: formatIpv4(link.neighbour),
    length: 32,
  }));
  const assumptions = wanted.skipped.map(
    (range) => `${formatIpv4Range(range)} stands for everybody: the lab's subscribers live in the links' own networks`,
  );
  return { host: { addresses, routes, sourceRules, owned }, routesBack, assumptions };
}

/** Networks that static routes of the file lead to, behind inside links. */
function routedInside(gateway: Gateway, inside: readonly LabLink[]): Ipv4Range[] {
  return gateway.links
    .filter((link) => inside.some(({ name }) => name === link.name))
    .flatMap((link) => (link.routes ?? []).map(({ to }) => prefixRange(to)));
}

/** Every address the file takes for an inside one. */
function wantedRanges(gateway: Gateway, routed: readonly Ipv4Range[]): { ranges: Ipv4Range[]; skipped: Ipv4Range[] } {
  const all = [
    ...gateway.sourceNat.flatMap((rule) => rule.from),
    ...gateway.staticNat.map((rule) => rule.private),
    ...gateway.portForwards.map(({ to }) => ({ first: to.address, last: to.address })),
    ...gateway.twiceNat.map((rule) => prefixRange(rule.inside.hosts)),
    ...routed,
  ];
  return {
    ranges: all.filter((range) => countAddresses([range]) <= WIDEST),
    skipped: all.filter((range) => countAddresses([range]) > WIDEST),
  };
}

/** Addresses that lie elsewhere, even if a wide `from` covers them. */
function notInside(gateway: Gateway, links: readonly LabLink[]): Ipv4Range[] {
  const outside = links.filter((link) => link.side === "outside");
  return [
    ...placePublicAddresses(gateway).map((placed) => placed.range),
    ...outside.flatMap((link) => link.addresses.map(prefixRange)),
    ...gateway.twiceNat.map((rule) => prefixRange(rule.outside.seenAs)),
  ];
}

/** Which link leads to the addresses on no link's own network: by the file's routes, the twice NAT's for its hosts, else the first. */
function assignLinks(gateway: Gateway, inside: readonly LabLink[], first: LabLink, ranges: readonly Ipv4Range[]) {
  const behind = new Map<LabLink, Ipv4Range[]>();
  for (const range of ranges) {
    const twice = gateway.twiceNat.find((rule) => rangesContain([prefixRange(rule.inside.hosts)], range.first));
    const route = gateway.links.find((link) =>
      link.routes?.some(({ to }) => rangesContain([prefixRange(to)], range.first)),
    );
    const name = route?.name ?? twice?.inside.link;
    const link = inside.find((candidate) => candidate.name === name) ?? first;
    behind.set(link, [...(behind.get(link) ?? []), range]);
  }
  return behind;
}

function local(destination: string): LabRoute {
  return { destination, table: LOCAL_TABLE, type: "local", interface: "lo" };
}
