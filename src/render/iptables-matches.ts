import { formatIpv4, type Ipv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix } from "../address/ipv4-prefix.ts";
import { rangePrefixes, type Ipv4Range } from "../address/ipv4-range.ts";
import type { PortRange } from "../address/port-range.ts";

/** Matches a source or destination in the range: a prefix where it is one, else the iprange match. */
export function matchRange(side: "src" | "dst", range: Ipv4Range): string {
  const prefixes = rangePrefixes(range);
  const [only] = prefixes;
  if (prefixes.length === 1 && only !== undefined) return `${side === "src" ? "-s" : "-d"} ${formatIpv4Prefix(only)}`;
  return `-m iprange --${side}-range ${formatIpv4(range.first)}-${formatIpv4(range.last)}`;
}

/** An interface name; throws RangeError for one iptables would read as a pattern or as several words. */
export function iptablesInterface(name: string): string {
  if (/\+$|^!|["'\\\s]|^$/.test(name)) {
    throw new RangeError(`iptables cannot express the interface name ${JSON.stringify(name)}`);
  }
  return name;
}

/** Addresses and ports as --to-source writes them: `A`, `A-B`, `A-B:first-last`. */
export function toSource(first: Ipv4, last: Ipv4, ports?: PortRange): string {
  const addresses = first === last ? formatIpv4(first) : `${formatIpv4(first)}-${formatIpv4(last)}`;
  return ports === undefined ? addresses : `${addresses}:${ports.first}-${ports.last}`;
}

/** The part of the ranges from one index up to another, counted through in their order. */
export function sliceRanges(ranges: readonly Ipv4Range[], from: number, to: number): Ipv4Range[] {
  const slice: Ipv4Range[] = [];
  let before = 0;
  for (const { first, last } of ranges) {
    const start = Math.max(first, first + from - before);
    const end = Math.min(last, first + to - before - 1);
    if (start <= end) slice.push({ first: start, last: end });
    before += last - first + 1;
  }
  return slice;
}
