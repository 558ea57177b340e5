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

/** How two things compare, and how far that can be trusted. */
export interface Ratio {
  readonly ratio: number;
  /** As of an estimate. */
  readonly low: number;
  readonly high: number;
  /** How often both were measured. */
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
  const middle = median(runs);
  const drawn = new Float64Array(runs.length);
  const [low, high] = interval(runs, seed, (random) => {
    for (let i = 0; i < drawn.length; i++) drawn[i] = runs[randomBelow(random, runs.length)] ?? 0;
    return middleOf(drawn);
  });
  return { median: middle, low, high, runs };
}

/**
 * How two arms that took turns compare, run i of both in the same round: the median of the rounds' quotients. What slows
 * the machine for a round, or for half of all rounds, slows both and leaves their quotient as it was. Throws RangeError if
 * there are not as many of each.
 */
export function estimateRatio(numerator: readonly number[], denominator: readonly number[], seed = 1): Ratio {
  const rounds = numerator.length;
  if (rounds !== denominator.length) throw new RangeError("a ratio needs the same rounds of both");
  const {
    median: ratio,
    low,
    high,
  } = estimateMedian(
    numerator.map((value, i) => value / (denominator[i] ?? 0)),
    seed,
  );
  return { ratio, low, high, rounds };
}

/**
 * The quotient of the medians of runs that have nothing to do with each other, drawn anew each by itself. Throws
 * RangeError if there are not as many of each.
 */
export function estimateRatioOfMedians(numerator: readonly number[], denominator: readonly number[], seed = 1): Ratio {
  const rounds = numerator.length;
  if (rounds !== denominator.length) throw new RangeError("a ratio needs as many runs of both");
  const ratio = median(numerator) / median(denominator);
  const [above, below] = [new Float64Array(rounds), new Float64Array(rounds)];
  const draw = (random: Random, from: readonly number[], into: Float64Array): number => {
    for (let i = 0; i < rounds; i++) into[i] = from[randomBelow(random, rounds)] ?? 0;
    return middleOf(into);
  };
  const quotients = numerator.map((value, i) => value / (denominator[i] ?? 0));
  const [low, high] = interval(
    quotients,
    seed,
    (random) => draw(random, numerator, above) / draw(random, denominator, below),
  );
  return { ratio, low, high, rounds };
}

function interval(runs: readonly number[], seed: number, resample: (random: Random) => number): [number, number] {
  if (runs.length < FEWEST_RUNS) return [Math.min(...runs), Math.max(...runs)];
  const random = seededRandom(seed);
  const found = Float64Array.from({ length: RESAMPLES }, () => resample(random)).toSorted();
  const beyond = Math.floor(((1 - CONFIDENCE) / 2) * RESAMPLES);
  return [found[beyond] ?? Number.NaN, found[RESAMPLES - 1 - beyond] ?? Number.NaN];
}

/** The median, of values that may be put in order: a bootstrap takes thousands. */
function middleOf(values: Float64Array): number {
  values.sort();
  const upper = values.length >>> 1;
  return ((values[upper] ?? 0) + (values[(values.length - 1) >>> 1] ?? 0)) / 2;
}
