import type { Ipv4 } from "../address/ipv4.ts";
import { prefixContains } from "../address/ipv4-prefix.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";
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
  const taken: Ipv4Range[] = [];
  for (const { address } of gateway.links.flatMap((link) => link.addresses))
    take(taken, { first: address, last: address });
  return placed.flatMap((entry) => take(taken, entry.range).map((range) => ({ ...entry, range })));
}

/** What of the range was not taken yet; now all of it is. `taken` stays sorted and without overlaps. */
function take(taken: Ipv4Range[], range: Ipv4Range): Ipv4Range[] {
  const left: Ipv4Range[] = [];
  const start = firstEndingAt(taken, range.first);
  let end = start;
  let next = range.first;
  let union = range;
  for (let other = taken[end]; other !== undefined && other.first <= range.last; other = taken[++end]) {
    if (other.first > next) left.push({ first: next, last: other.first - 1 });
    next = other.last + 1;
    union = { first: Math.min(union.first, other.first), last: Math.max(union.last, other.last) };
  }
  if (next <= range.last) left.push({ first: next, last: range.last });
  if (left.length > 0) taken.splice(start, end - start, union);
  return left;
}

/** The index of the first range whose last address is not below the address. */
function firstEndingAt(sorted: readonly Ipv4Range[], address: Ipv4): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.last ?? 0) < address) low = middle + 1;
    else high = middle;
  }
  return low;
}
