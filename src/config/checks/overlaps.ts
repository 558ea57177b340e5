/** Numbers from `first` to `last`: addresses or ports. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Pairs of items that share a number, the one later in the list first; each item is the later one at most once. */
export function overlaps<T extends { readonly range: Interval }>(items: readonly T[]): { later: T; earlier: T }[] {
  const sorted = items.map((item, index) => ({ item, index })).sort((a, b) => a.item.range.first - b.item.range.first);
  const pairs: { later: T; earlier: T; index: number }[] = [];
  let widest: (typeof sorted)[number] | undefined;
  for (const next of sorted) {
    if (widest !== undefined && next.item.range.first <= widest.item.range.last) {
      const [earlier, later] = widest.index < next.index ? [widest, next] : [next, widest];
      pairs.push({ later: later.item, earlier: earlier.item, index: later.index });
    }
    if (widest === undefined || next.item.range.last > widest.item.range.last) widest = next;
  }
  const seen = new Set<number>();
  return pairs.sort((a, b) => a.index - b.index).filter(({ index }) => !seen.has(index) && seen.add(index));
}
