import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";

/** Finds the place of an address in a list of ranges, and the address at a place, in O(log ranges). */
export interface AddressIndex {
  readonly count: number;
  /** The place of the address when the ranges are counted through in their order. */
  indexOf(address: Ipv4): number | undefined;
  /** The address at the place. */
  at(index: number): Ipv4 | undefined;
}

/** Indexes ranges that share no address; lists of 100,000 single addresses are as cheap as one prefix. */
export function indexAddresses(ranges: readonly Ipv4Range[]): AddressIndex {
  const before = new Float64Array(ranges.length + 1);
  for (const [i, range] of ranges.entries()) before[i + 1] = (before[i] ?? 0) + range.last - range.first + 1;
  const count = before[ranges.length] ?? 0;
  const order = Uint32Array.from(ranges.keys()).sort((a, b) => (ranges[a]?.first ?? 0) - (ranges[b]?.first ?? 0));
  const firsts = Float64Array.from(order, (i) => ranges[i]?.first ?? 0);
  return {
    count,
    indexOf(address) {
      const place = order[lastNotAbove(firsts, address)];
      const range = place === undefined ? undefined : ranges[place];
      if (place === undefined || range === undefined || address > range.last) return undefined;
      return (before[place] ?? 0) + address - range.first;
    },
    at(index) {
      if (!(index >= 0 && index < count)) return undefined;
      const place = lastNotAbove(before, index);
      const range = ranges[place];
      return range === undefined ? undefined : range.first + index - (before[place] ?? 0);
    },
  };
}

/** The position of the last of the ascending numbers that is not above `value`, or -1. */
export function lastNotAbove(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The ranges in their order without what an earlier one of them already holds. */
export function withoutRepeats(ranges: readonly Ipv4Range[]): Ipv4Range[] {
  const order = [...ranges.keys()].sort((a, b) => (ranges[a]?.first ?? 0) - (ranges[b]?.first ?? 0));
  let last = -1;
  const apart = order.every((i) => {
    const range = ranges[i];
    if (range === undefined || range.first <= last) return false;
    last = range.last;
    return true;
  });
  if (apart) return [...ranges];
  // The uncommon case may be slow: each range against those kept before it.
  const kept: Ipv4Range[] = [];
  for (const range of ranges) {
    let left: Ipv4Range[] = [range];
    for (const other of kept) left = left.flatMap((piece) => cut(piece, other));
    kept.push(...left);
  }
  return kept;
}

function cut(range: Ipv4Range, hole: Ipv4Range): Ipv4Range[] {
  if (hole.last < range.first || hole.first > range.last) return [range];
  const pieces: Ipv4Range[] = [];
  if (hole.first > range.first) pieces.push({ first: range.first, last: hole.first - 1 });
  if (hole.last < range.last) pieces.push({ first: hole.last + 1, last: range.last });
  return pieces;
}
