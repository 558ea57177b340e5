import { prefixContains } from "../address/ipv4-prefix.ts";
import { rangesContain, type Ipv4Range } from "../address/ipv4-range.ts";
import type { Gateway, ReachedBy } from "../config/gateway.ts";

/** Public addresses of the gateway: the link by which the internet reaches them, and how. */
export interface PublicAddresses {
  readonly ranges: readonly Ipv4Range[];
  readonly link: string;
  readonly reachedBy: ReachedBy;
}

/** Every public address of the file: source NAT targets, static NAT, what forwards listen on, pools nobody uses. */
export function publicAddresses(gateway: Gateway): PublicAddresses[] {
  const found: PublicAddresses[] = [];
  for (const rule of gateway.sourceNat) {
    if (rule.to.kind === "address") {
      found.push({ ranges: [single(rule.to.address)], link: rule.out, reachedBy: rule.to.reachedBy });
    }
    if (rule.to.kind !== "pool") continue;
    const name = rule.to.pool;
    const pool = gateway.pools.find((candidate) => candidate.name === name);
    if (pool !== undefined) found.push({ ranges: pool.addresses, link: rule.out, reachedBy: pool.reachedBy });
  }
  for (const rule of gateway.staticNat) {
    found.push({ ranges: [rule.public], link: rule.out, reachedBy: rule.reachedBy });
  }
  for (const pool of gateway.pools) {
    if (found.some((entry) => entry.ranges === pool.addresses)) continue;
    const first = pool.addresses[0]?.first ?? 0;
    found.push({ ranges: pool.addresses, link: nearestLink(gateway, first), reachedBy: pool.reachedBy });
  }
  for (const forward of gateway.portForwards) {
    const { address } = forward.listen;
    const known =
      found.some((entry) => rangesContain(entry.ranges, address)) ||
      gateway.links.some((link) => link.addresses.some((own) => own.address === address));
    if (!known) found.push({ ranges: [single(address)], link: nearestLink(gateway, address), reachedBy: "address" });
  }
  return found;
}

/** The same without how they are reached. */
export function publicRanges(gateway: Gateway): Ipv4Range[] {
  return publicAddresses(gateway).flatMap((entry) => entry.ranges);
}

/** The link whose network holds the address, else the one with the default route, else where source NAT leaves. */
function nearestLink(gateway: Gateway, address: number): string {
  const holder = gateway.links.find((link) => link.addresses.some((own) => prefixContains(own, address)));
  const upstream = gateway.links.find((link) => link.gateway !== undefined);
  return holder?.name ?? upstream?.name ?? gateway.sourceNat[0]?.out ?? gateway.links[0]?.name ?? "";
}

function single(address: number): Ipv4Range {
  return { first: address, last: address };
}
