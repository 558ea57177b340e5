const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1000, M: 1_000_000 };

/** Reads a count from `min` to `max`: 1000000, 1,000,000, 500k or 1M. Throws a RangeError that says what is allowed. */
export function parseCount(text: string, min: number, max: number): number {
  const [, digits, unit] = /^(\d+|\d{1,3}(?:,\d{3})+)(k|M|)$/.exec(text) ?? [];
  const count = digits === undefined ? Number.NaN : Number(digits.replaceAll(",", "")) * (UNITS[unit ?? ""] ?? 1);
  if (count >= min && count <= max) return count;
  throw new RangeError(`a whole number from ${min} to ${max} is needed, as in 100000, 500k or 1M`);
}
