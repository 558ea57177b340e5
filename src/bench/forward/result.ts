import { estimateMedian, estimateRatio, type Estimate, type Ratio } from "../method/estimate.ts";
import type { ForwardArm } from "./arms.ts";
import { conditionWords } from "./conditions.ts";
import type { ForwardMeasurement, ForwardResult } from "./forward-benchmark.ts";
import type { ForwardTrial } from "./trial.ts";

/** One arm's figures under one condition. */
export interface ArmFigures {
  /** Packets a second. */
  readonly pps: number;
  readonly interval: readonly [low: number, high: number];
  /** Wall time, and busy time of the CPU, for each packet; medians. */
  readonly nanosecondsPerPacket: number;
  readonly cpuSecondsPerPacket: number;
  /** Packets a second of every round. */
  readonly runs: readonly number[];
  readonly sent: number;
  readonly received: number;
}

/** Arms compared, and the name of the comparison. */
export const RATIOS = {
  xdpVsNetfilter: ["xdp", "netfilter"],
  xdpVsRouted: ["xdp", "routed"],
  xdpVsCeiling: ["xdp", "ceiling"],
  tcVsNetfilter: ["tc", "netfilter"],
  tcVsRouted: ["tc", "routed"],
  netfilterVsRouted: ["netfilter", "routed"],
} as const satisfies Readonly<Record<string, readonly [ForwardArm, ForwardArm]>>;

/** The name of a comparison. */
export type RatioName = keyof typeof RATIOS;

/** Figures of one condition. */
export interface ForwardFigures {
  readonly condition: string;
  readonly connections: number;
  readonly mix: "even" | "zipf";
  readonly inTable: number;
  readonly rounds: number;
  readonly arms: Partial<Readonly<Record<ForwardArm, ArmFigures>>>;
  readonly ratios: Partial<Readonly<Record<RatioName, number>>>;
  readonly ratioIntervals: Partial<Readonly<Record<RatioName, readonly [low: number, high: number]>>>;
}

/** Medians, intervals and ratios of a condition. */
export function figuresOf(measurement: ForwardMeasurement, seed: number): ForwardFigures {
  const { condition, inTable } = measurement;
  const arms = armsOf(measurement).map((arm) => [arm, armFigures(measurement.trials[arm], seed)]);
  const ratios = ratiosOf(measurement, seed);
  return {
    condition: conditionWords(condition),
    connections: condition.mix.connections,
    mix: condition.mix.kind,
    inTable,
    rounds: roundsOf(measurement),
    arms: Object.fromEntries(arms) as ForwardFigures["arms"],
    ratios: Object.fromEntries(ratios.map(([name, { ratio }]) => [name, ratio])),
    ratioIntervals: Object.fromEntries(ratios.map(([name, { low, high }]) => [name, [low, high]])),
  };
}

/** Arms that were measured, in their order. */
export function armsOf({ trials }: ForwardMeasurement): ForwardArm[] {
  return Object.keys(trials) as ForwardArm[];
}

/** The ratios of the arms that were measured. */
export function ratiosOf({ trials }: ForwardMeasurement, seed: number): [RatioName, Ratio][] {
  return (Object.entries(RATIOS) as [RatioName, readonly [ForwardArm, ForwardArm]][]).flatMap(
    ([name, [one, other]]) => {
      const [numerator, denominator] = [trials[one], trials[other]] as (readonly ForwardTrial[] | undefined)[];
      if (numerator === undefined || denominator === undefined) return [];
      const found: [RatioName, Ratio] = [name, estimateRatio(rates(numerator), rates(denominator), seed)];
      return [found];
    },
  );
}

/** Packets a second with their interval. */
export function rateOf(trials: readonly ForwardTrial[], seed: number): Estimate {
  return estimateMedian(rates(trials), seed);
}

function rates(trials: readonly ForwardTrial[]): number[] {
  return trials.map(({ pps }) => pps);
}

function armFigures(trials: readonly ForwardTrial[], seed: number): ArmFigures {
  const { median, low, high, runs } = rateOf(trials, seed);
  const sum = (of: (trial: ForwardTrial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  return {
    pps: median,
    interval: [low, high],
    nanosecondsPerPacket: 1e9 / median,
    cpuSecondsPerPacket:
      estimateMedian(
        trials.map((trial) => trial.cpuNanoseconds),
        seed,
      ).median / 1e9,
    runs,
    sent: sum(({ sent }) => sent),
    received: sum(({ received }) => received),
  };
}

function roundsOf({ trials }: ForwardMeasurement): number {
  return trials.netfilter.length;
}

/** The whole result as the command gives it: the first condition's figures at the top, all of them below. */
export function forwardJson(result: ForwardResult, seed: number) {
  const measurements = result.measurements.map((measurement) => figuresOf(measurement, seed));
  const [first] = measurements;
  if (first === undefined) throw new TypeError("a benchmark has a condition");
  const { lossFree, cpu } = result;
  return { frameBytes: 64, cpu, ...first, measurements, ...(lossFree === undefined ? {} : { lossFree }) };
}
