/** A source of random numbers: from 0, below 1. */
export type Random = () => number;

/**
 * Random numbers that the same seed gives again on every machine (sfc32: 128 bits of state, passes PractRand).
 * `seed`: a whole number from 0 to 2^53 - 1.
 */
export function seededRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is whole, from 0 to 2^53 - 1, not ${seed}`);
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Small seeds differ in few bits: they need some rounds to reach all of the state.
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** A whole number from 0 to `below` - 1. */
export function randomBelow(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Puts the items into random order, in place (Fisher and Yates). */
export function shuffle<T extends { [index: number]: unknown; readonly length: number }>(items: T, random: Random): T {
  const at = items as { [index: number]: unknown };
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomBelow(random, i + 1);
    const kept = at[i];
    at[i] = at[j];
    at[j] = kept;
  }
  return items;
}
