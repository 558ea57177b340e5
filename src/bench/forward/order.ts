import { seededRandom, shuffle } from "../method/random.ts";
import { zipfDraws } from "./zipf.ts";

/** In which order the packets of a set of connections come: numbers of connections, to be gone through again and again. */
export type Mix =
  /** Each once, in random order. */
  | { readonly kind: "even"; readonly connections: number }
  /** The connection of rank r in proportion to 1 / r^exponent. */
  | { readonly kind: "zipf"; readonly connections: number; readonly exponent: number };

/** Draws of a Zipf mix for each connection: the rarest come in one round of ten or not at all, as in real traffic. */
const DRAWS_PER_CONNECTION = 4;
const MOST_DRAWS = 4_000_000;

/** Lays out the order of a mix; the same seed gives the same. */
export function layOutOrder(mix: Mix, seed: number): Uint32Array {
  const random = seededRandom(seed);
  if (mix.kind === "even")
    return shuffle(
      Uint32Array.from({ length: mix.connections }, (_, i) => i),
      random,
    );
  const draws = Math.min(MOST_DRAWS, mix.connections * DRAWS_PER_CONNECTION);
  return zipfDraws(mix.connections, mix.exponent, draws, random);
}

/** The mix in words: `1,000 connections`, `1,000,000 connections, Zipf 1.1`. */
export function mixWords(mix: Mix): string {
  const count = `${mix.connections.toLocaleString("en")} connections`;
  return mix.kind === "even" ? `${count} in random order` : `${count}, Zipf ${mix.exponent}`;
}
