import { randomBelow, type Random } from "../method/random.ts";

/**
 * Draws numbers from 0 to `count` - 1, number r with probability in proportion to 1 / (r + 1)^exponent, by Walker's
 * alias method as Vose does it: setting up takes a pass over the numbers, a draw takes one look.
 */
export function zipfDraws(count: number, exponent: number, draws: number, random: Random): Uint32Array {
  const { share, alias } = aliasTable(count, exponent);
  return Uint32Array.from({ length: draws }, () => {
    const column = randomBelow(random, count);
    return random() < (share[column] ?? 1) ? column : (alias[column] ?? column);
  });
}

function aliasTable(count: number, exponent: number): { share: Float64Array; alias: Uint32Array } {
  const share = Float64Array.from({ length: count }, (_, rank) => (rank + 1) ** -exponent);
  const mean = share.reduce((sum, weight) => sum + weight, 0) / count;
  const alias = new Uint32Array(count);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < count; i++) {
    share[i] = (share[i] ?? 0) / mean;
    ((share[i] ?? 0) < 1 ? small : large).push(i);
  }
  for (;;) {
    const below = small.pop();
    const above = large.pop();
    if (below === undefined || above === undefined) {
      // What is left is 1 but for rounding.
      for (const i of [below, above, ...small, ...large]) if (i !== undefined) share[i] = 1;
      return { share, alias };
    }
    alias[below] = above;
    share[above] = (share[above] ?? 0) + (share[below] ?? 0) - 1;
    ((share[above] ?? 0) < 1 ? small : large).push(above);
  }
}
