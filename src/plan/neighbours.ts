import { mergeRanges, prefixRange, type Ipv4Range } from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import type { NeighbourPlan, SourcePlan } from "./plan.ts";
import { everyoneInside } from "./table.ts";

/** Subscribers that are on a link themselves, not behind a router: each needs an entry in the neighbour table. */
export function planNeighbours(gateway: Gateway, sources: readonly SourcePlan[], subscribers: number): NeighbourPlan {
  const inside = mergeRanges([
    ...everyoneInside(gateway, sources),
    ...gateway.portForwards.map(({ to }) => ({ first: to.address, last: to.address })),
    ...gateway.twiceNat.map((rule) => prefixRange(rule.inside.hosts)),
  ]);
  const links = gateway.links.flatMap((link) => {
    const onLink = mergeRanges(link.addresses.map((address) => prefixRange(address)));
    // A /16 has 65,536 addresses; the file may say that only so many people are there.
    const hosts = Math.min(countCommon(inside, onLink), Math.max(subscribers, 0));
    return hosts === 0 ? [] : [{ link: link.name, interface: link.interface, hosts }];
  });
  return { links, hosts: links.reduce((sum, link) => sum + link.hosts, 0) };
}

/** How many addresses two ascending lists of ranges, each without overlaps, have in common. */
export function countCommon(a: readonly Ipv4Range[], b: readonly Ipv4Range[]): number {
  let count = 0;
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined || right === undefined) return count;
    const first = Math.max(left.first, right.first);
    const last = Math.min(left.last, right.last);
    if (first <= last) count += last - first + 1;
    if (left.last < right.last) i++;
    else j++;
  }
}
