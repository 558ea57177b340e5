import type { Ipv4 } from "../address/ipv4.ts";
import { prefixContains } from "../address/ipv4-prefix.ts";
import { subtractRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import type { Gateway, ReachedBy } from "../config/gateway.ts";

/** Public addresses at the link they are reached by. */
export interface PlacedAddresses {
  readonly range: Ipv4Range;
  readonly link: string;
  readonly reachedBy: ReachedBy;
}

/**
 * Every public address the gateway must be reachable at, with its link: what the source NAT rules translate to,
 * static NAT, pools no rule uses, what forwards listen on. No address twice, and none that is a link's own.
 */
export function placePublicAddresses(gateway: Gateway): PlacedAddresses[] {
  const placed: PlacedAddresses[] = [];
  const used = new Set<string>();
  for (const { to, out } of gateway.sourceNat) {
    if (to.kind === "address") {
      placed.push({ range: { first: to.address, last: to.address }, link: out, reachedBy: to.reachedBy });
    }
    if (to.kind !== "pool" || used.has(to.pool)) continue;
    used.add(to.pool);
    const pool = gateway.pools.find(({ name }) => name === to.pool);
    for (const range of pool?.addresses ?? [])
      placed.push({ range, link: out, reachedBy: pool?.reachedBy ?? "address" });
  }
  for (const { public: range, out, reachedBy } of gateway.staticNat) placed.push({ range, link: out, reachedBy });
  // A pool that no rule uses can still have forwards.
  for (const pool of gateway.pools) {
    if (used.has(pool.name)) continue;
    for (const range of pool.addresses) {
      placed.push({ range, link: nearestLink(gateway, range.first), reachedBy: pool.reachedBy });
    }
  }
  for (const { address } of gateway.portForwards.map(({ listen }) => listen)) {
    placed.push({
      range: { first: address, last: address },
      link: nearestLink(gateway, address),
      reachedBy: "address",
    });
  }
  return withoutRepeats(gateway, placed);
}

/** The link in whose network the address lies, else the one with the default route, else where source NAT leaves. */
function nearestLink(gateway: Gateway, address: Ipv4): string {
  const holder = gateway.links.find((link) => link.addresses.some((own) => prefixContains(own, address)));
  const upstream = gateway.links.find((link) => link.gateway !== undefined);
  return holder?.name ?? upstream?.name ?? gateway.sourceNat[0]?.out ?? gateway.links[0]?.name ?? "";
}

function withoutRepeats(gateway: Gateway, placed: readonly PlacedAddresses[]): PlacedAddresses[] {
  const taken: Ipv4Range[] = gateway.links.flatMap((link) =>
    link.addresses.map(({ address }) => ({ first: address, last: address })),
  );
  return placed.flatMap((entry) => {
    const left = subtractRanges([entry.range], taken);
    taken.push(...left);
    return left.map((range) => ({ ...entry, range }));
  });
}
