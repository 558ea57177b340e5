import { seededRandom, shuffle } from "./random.ts";

/** The order of the trials: in each round every arm once, in an order of its own. */
export function interleave<A>(arms: readonly A[], rounds: number, seed: number): A[][] {
  const random = seededRandom(seed);
  return Array.from({ length: rounds }, () => shuffle([...arms], random));
}

/** Trials to be run. */
export interface TrialsOptions<A extends string, R> {
  readonly arms: readonly A[];
  /** How often each arm has its turn. */
  readonly rounds: number;
  /** Of the order: the same gives the same. */
  readonly seed: number;
  readonly measure: (arm: A, round: number) => R | Promise<R>;
  /** Called before each trial; rounds count from 1. */
  readonly onTrial?: ((arm: A, round: number) => void) | undefined;
  /** Ends them between two trials: the promise is rejected with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What was measured, by arm; entry i of each is of round i, so that arms can be compared round by round. */
export type Trials<A extends string, R> = Readonly<Record<A, readonly R[]>>;

/** Runs each arm once in every round, in random order: what slows the machine for a while slows all alike. */
export async function runTrials<A extends string, R>(options: TrialsOptions<A, R>): Promise<Trials<A, R>> {
  const { arms, rounds, seed, measure, onTrial, signal } = options;
  const results = Object.fromEntries(arms.map((arm): [A, R[]] => [arm, []])) as Record<A, R[]>;
  for (const [index, round] of interleave(arms, rounds, seed).entries()) {
    for (const arm of round) {
      signal?.throwIfAborted();
      onTrial?.(arm, index + 1);
      results[arm].push(await measure(arm, index + 1));
    }
  }
  return results;
}
