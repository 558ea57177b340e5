import { formatIpv4, parseIpv4, type Ipv4 } from "./ipv4.ts";
import { broadcast, network, parseIpv4Prefix, type Ipv4Prefix } from "./ipv4-prefix.ts";

/** Addresses from `first` to `last`, both included. */
export interface Ipv4Range {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

/** Reads `a`, `a-b` or `a/length` (host bits must be clear), or returns undefined; a reversed range is undefined too. */
export function parseIpv4Range(text: string): Ipv4Range | undefined {
  if (text.includes("/")) {
    const prefix = parseIpv4Prefix(text);
    if (prefix === undefined || network(prefix) !== prefix.address) return undefined;
    return prefixRange(prefix);
  }
  const dash = text.indexOf("-");
  if (dash < 0) {
    const address = parseIpv4(text);
    return address === undefined ? undefined : { first: address, last: address };
  }
  const first = parseIpv4(text.slice(0, dash).trimEnd());
  const last = parseIpv4(text.slice(dash + 1).trimStart());
  if (first === undefined || last === undefined || last < first) return undefined;
  return { first, last };
}

/** Writes the shortest form: an address, a prefix if the range is one, else `a-b`. */
export function formatIpv4Range(range: Ipv4Range): string {
  if (range.first === range.last) return formatIpv4(range.first);
  const prefixes = rangePrefixes(range);
  const only = prefixes.length === 1 ? prefixes[0] : undefined;
  if (only !== undefined) return `${formatIpv4(only.address)}/${only.length}`;
  return `${formatIpv4(range.first)}-${formatIpv4(range.last)}`;
}

/** The addresses of a prefix as a range, network and broadcast included. */
export function prefixRange(prefix: Ipv4Prefix): Ipv4Range {
  return { first: network(prefix), last: broadcast(prefix) };
}

/** How many addresses the ranges hold, counted one by one (overlaps count twice). */
export function countAddresses(ranges: readonly Ipv4Range[]): number {
  let count = 0;
  for (const range of ranges) count += range.last - range.first + 1;
  return count;
}

/** Says whether any of the ranges holds the address. */
export function rangesContain(ranges: readonly Ipv4Range[], address: Ipv4): boolean {
  return ranges.some((range) => address >= range.first && address <= range.last);
}

/** Says whether two ranges share an address. */
export function rangesOverlap(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The ranges sorted, with overlapping and adjacent ones joined. */
export function mergeRanges(ranges: readonly Ipv4Range[]): Ipv4Range[] {
  const merged: Ipv4Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) {
      merged[merged.length - 1] = { first: previous.first, last: Math.max(previous.last, range.last) };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/** The first of the merged ranges (ascending, none overlapping) that shares an address with `range`. */
export function overlapIn(merged: readonly Ipv4Range[], range: Ipv4Range): Ipv4Range | undefined {
  const candidate = merged[firstEndingAt(merged, range.first)];
  return candidate !== undefined && candidate.first <= range.last ? candidate : undefined;
}

/** The addresses of `ranges` that are not in `taken`, in the order of `ranges`. */
export function subtractRanges(ranges: readonly Ipv4Range[], taken: readonly Ipv4Range[]): Ipv4Range[] {
  const holes = mergeRanges(taken);
  const left: Ipv4Range[] = [];
  for (const range of ranges) {
    let first = range.first;
    for (let i = firstEndingAt(holes, first); i < holes.length; i++) {
      const hole = holes[i];
      if (hole === undefined || hole.first > range.last) break;
      if (hole.first > first) left.push({ first, last: hole.first - 1 });
      first = hole.last + 1;
    }
    if (first <= range.last) left.push({ first, last: range.last });
  }
  return left;
}

// The index of the first of the ascending ranges that ends at the address or after it.
function firstEndingAt(merged: readonly Ipv4Range[], address: Ipv4): number {
  let low = 0;
  let high = merged.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((merged[middle]?.last ?? 0) < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The fewest prefixes that cover exactly the range, in ascending order. */
export function rangePrefixes(range: Ipv4Range): Ipv4Prefix[] {
  const prefixes: Ipv4Prefix[] = [];
  let first = range.first;
  while (first <= range.last) {
    // The largest block is bounded by the alignment of its first address and by what is left.
    const alignment = first === 0 ? 2 ** 32 : (first & -first) >>> 0;
    let size = alignment;
    while (size > range.last - first + 1) size /= 2;
    prefixes.push({ address: first, length: Math.clz32(size - 1) });
    first += size;
  }
  return prefixes;
}

/** The address at `index` when the ranges are counted through in their order, or undefined past the end. */
export function addressAt(ranges: readonly Ipv4Range[], index: number): Ipv4 | undefined {
  let left = index;
  for (const range of ranges) {
    const size = range.last - range.first + 1;
    if (left < size) return range.first + left;
    left -= size;
  }
  return undefined;
}

/** The index of the address when the ranges are counted through in their order, or undefined if none holds it. */
export function indexOfAddress(ranges: readonly Ipv4Range[], address: Ipv4): number | undefined {
  let before = 0;
  for (const range of ranges) {
    if (address >= range.first && address <= range.last) return before + address - range.first;
    before += range.last - range.first + 1;
  }
  return undefined;
}
