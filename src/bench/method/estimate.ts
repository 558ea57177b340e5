import { median } from "../median.ts";
import { randomBelow, seededRandom, type Random } from "./random.ts";

/** A median and how far it can be trusted. */
export interface Estimate {
  readonly median: number;
  /** The 95 % interval of the median; with fewer than six runs the lowest and highest of them. */
  readonly low: number;
  readonly high: number;
  /** What was measured, in the order in which it was. */
  readonly runs: readonly number[];
}

/** The quotient of two medians and how far it can be trusted. */
export interface Ratio {
  readonly ratio: number;
  /** As of an estimate. */
  readonly low: number;
  readonly high: number;
  /** Rounds in which both were measured. */
  readonly rounds: number;
}

/** With five runs the median is outside all of them once in 16 times: no interval within them covers 95 %. */
export const FEWEST_RUNS = 6;
const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

/**
 * The median of independent runs with its 95 % interval, by the percentile bootstrap: the runs are drawn again with
 * replacement 2,000 times. The same runs and seed give the same interval. Throws RangeError without runs.
 */
export function estimateMedian(runs: readonly number[], seed = 1): Estimate {
  const random = seededRandom(seed);
  const middle = median(runs);
  const [low, high] = interval(runs.length, () => median(draw(runs.length, random).map((i) => runs[i] ?? 0)), runs);
  return { median: middle, low, high, runs };
}

/**
 * The quotient of the medians of two arms that took turns, run i of both in the same round. Rounds are drawn, not runs,
 * so that what disturbs a whole round does not widen the interval. Throws RangeError if there are not as many of each.
 */
export function estimateRatio(numerator: readonly number[], denominator: readonly number[], seed = 1): Ratio {
  const rounds = numerator.length;
  if (rounds !== denominator.length) throw new RangeError("a ratio needs the same rounds of both");
  const random = seededRandom(seed);
  const quotient = (of: readonly number[]): number =>
    median(of.map((i) => numerator[i] ?? 0)) / median(of.map((i) => denominator[i] ?? 0));
  const all = numerator.map((_, i) => i);
  const [low, high] = interval(
    rounds,
    () => quotient(draw(rounds, random)),
    numerator.map((value, i) => value / (denominator[i] ?? 0)),
  );
  return { ratio: quotient(all), low, high, rounds };
}

function draw(count: number, random: Random): number[] {
  return Array.from({ length: count }, () => randomBelow(random, count));
}

function interval(runs: number, resample: () => number, whole: readonly number[]): readonly [number, number] {
  if (runs < FEWEST_RUNS) return [Math.min(...whole), Math.max(...whole)];
  const found = Float64Array.from({ length: RESAMPLES }, resample).toSorted();
  const beyond = Math.floor(((1 - CONFIDENCE) / 2) * RESAMPLES);
  return [found[beyond] ?? Number.NaN, found[RESAMPLES - 1 - beyond] ?? Number.NaN];
}
