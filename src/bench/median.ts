/** The middle of the values; of an even number the mean of the two in the middle. Throws if there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >>> 1];
  if (upper === undefined) throw new RangeError("no values, no median");
  const lower = sorted[(sorted.length - 1) >>> 1] ?? upper;
  return (lower + upper) / 2;
}
