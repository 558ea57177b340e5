import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { estimateMedian, estimateRatioOfMedians, type Estimate, type Ratio } from "../method/estimate.ts";
import { runTrials } from "../method/trials.ts";
import { ConnectionFeed } from "./connection-feed.ts";
import { openTableLab, type TableLab, type TableSettings } from "./table-lab.ts";
import { SUBSCRIBER_COUNT } from "./table-gateway.ts";

/** The arms: the limit raised as everybody does it, and what MegaNAT plans. */
export const SETUP_ARMS = ["stock", "planned"] as const;

/** One of them. */
export type SetupArm = (typeof SETUP_ARMS)[number];

/** What to measure. */
export interface SetupOptions {
  /** Connections held when the rate is measured, ascending; the table is empty before the first and after the last. */
  readonly levels: readonly number[];
  /** New connections of one trial; they are removed after it. */
  readonly slice: number;
  /** Trials at each level in each round. */
  readonly trials: number;
  /** How often each arm has its turn. */
  readonly rounds: number;
  readonly seed: number;
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Establishing connections with so many in the table (RFC 9693). */
export interface SetupLevel {
  readonly held: number;
  /** New connections for each second of CPU time. */
  readonly perCpuSecond: Estimate;
  /** By the clock. */
  readonly perSecond: Estimate;
  /** Of all trials: connections tried, and those that did not get through. */
  readonly tried: number;
  readonly refused: number;
}

/** One arm. */
export interface SetupArmResult {
  readonly settings: TableSettings;
  readonly levels: readonly SetupLevel[];
  /** Empty again, after everything else. */
  readonly emptyAgain: SetupLevel;
  /** Removing all connections at once. */
  readonly tearDown: { readonly connections: number; readonly perSecond: Estimate };
}

/** What was measured. */
export interface SetupResult {
  readonly slice: number;
  readonly arms: Readonly<Record<SetupArm, SetupArmResult>>;
  /** By CPU time. `empty` is the mean of before and after. */
  readonly ratios: {
    readonly stockFullVsEmpty: Ratio;
    readonly plannedFullVsEmpty: Ratio;
    readonly plannedVsStockFull: Ratio;
  };
}

interface Trial {
  readonly delivered: number;
  readonly tried: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface LevelTrials {
  readonly held: number;
  readonly trials: readonly Trial[];
}

interface ArmRound {
  readonly settings: TableSettings;
  readonly levels: readonly LevelTrials[];
  readonly emptyAgain: LevelTrials;
  readonly tearDown: { readonly connections: number; readonly perSecond: number };
}

/**
 * Measures how fast a gateway in a lab takes up new UDP connections, with more and more in its table. Each trial's
 * connections are removed again, so that the kernel's memory for them is warm, as it is on a gateway where connections
 * come and go.
 */
export async function benchmarkSetup(options: SetupOptions): Promise<SetupResult> {
  const { rounds, seed, signal } = options;
  const runs = await runTrials({
    arms: SETUP_ARMS,
    rounds,
    seed,
    signal,
    measure: (arm, round) => runArm(arm, round, options),
  });
  const arms = { stock: summarize(runs.stock), planned: summarize(runs.planned) };
  const full = (arm: SetupArm): readonly number[] => arms[arm].levels.at(-1)?.perCpuSecond.runs ?? [];
  return {
    slice: options.slice,
    arms,
    ratios: {
      stockFullVsEmpty: estimateRatioOfMedians(full("stock"), emptyRuns(arms.stock), seed),
      plannedFullVsEmpty: estimateRatioOfMedians(full("planned"), emptyRuns(arms.planned), seed),
      plannedVsStockFull: estimateRatioOfMedians(full("planned"), full("stock"), seed),
    },
  };
}

async function runArm(arm: SetupArm, round: number, options: SetupOptions): Promise<ArmRound> {
  const most = Math.max(...options.levels);
  const tell = (what: string): void => options.onStep?.(`${arm}, round ${round} of ${options.rounds}: ${what}`);
  tell("building the lab");
  const table = await openArm(arm, most, options.slice);
  try {
    return await measureArm(table, most, tell, options);
  } finally {
    await table.lab.close();
  }
}

/** `stock`: the file says nothing of the table, whose limit and buckets were raised by hand to what is to be held. */
function openArm(arm: SetupArm, most: number, slice: number): Promise<TableLab> {
  if (arm === "planned") return openTableLab({ connections: most });
  const room = Math.ceil(most * 1.02) + 4 * slice;
  return openTableLab({ connections: 1, selection: "preserve" }, { max: room, buckets: most });
}

async function measureArm(
  { lab, settings }: TableLab,
  most: number,
  tell: (what: string) => void,
  { levels, slice, trials, seed, signal }: SetupOptions,
): Promise<ArmRound> {
  const gateway = lab.topology.namespaces.gateway;
  // What is held, twice, as a queue may lose packets on a busy machine; the trials' own, and one of each subscriber, so
  // that the gateway knows them.
  const all = 2 * most + (levels.length + 1) * trials * slice + SUBSCRIBER_COUNT + slice;
  const feed = await ConnectionFeed.open(lab.topology, all, seed);
  try {
    const atLevel = async (level: number): Promise<LevelTrials> => {
      await fillUp(feed, gateway, level, (held) => tell(`holding ${held.toLocaleString("en")}`), signal);
      const held = readConntrackCount(gateway);
      tell(`measuring with ${held.toLocaleString("en")} held`);
      const found: Trial[] = [];
      for (let trial = 0; trial < trials; trial++) found.push(await tryOnce(feed, slice, signal));
      return { held, trials: found };
    };
    await feed.feed(SUBSCRIBER_COUNT, signal);
    await feed.feed(slice, signal);
    feed.removeAll();
    const measured: LevelTrials[] = [];
    for (const level of levels) measured.push(await atLevel(level));
    const connections = readConntrackCount(gateway);
    tell(`removing ${connections.toLocaleString("en")}`);
    const seconds = feed.removeAll();
    return {
      settings,
      levels: measured,
      emptyAgain: await atLevel(0),
      tearDown: { connections, perSecond: connections / seconds },
    };
  } finally {
    await feed.close();
  }
}

const FILL_STEP = 262_144;

async function fillUp(
  feed: ConnectionFeed,
  gateway: NamespaceName,
  level: number,
  tell: (held: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let held = readConntrackCount(gateway);
  while (held < level) {
    tell(held);
    await feed.feed(Math.min(FILL_STEP, level - held), signal);
    const now = readConntrackCount(gateway);
    if (now <= held) throw new RangeError(`the table holds ${now} connections and takes no more`);
    held = now;
  }
}

async function tryOnce(feed: ConnectionFeed, slice: number, signal: AbortSignal | undefined): Promise<Trial> {
  const { sent, delivered, seconds, cpuSeconds } = await feed.feed(slice, signal);
  feed.removeLast(slice);
  return { tried: sent, delivered, seconds, cpuSeconds };
}

function summarize(rounds: readonly ArmRound[]): SetupArmResult {
  const [first] = rounds;
  if (first === undefined) throw new RangeError("no rounds, no result");
  return {
    settings: first.settings,
    levels: first.levels.map((_, i) => level(rounds.flatMap((round) => round.levels[i] ?? []))),
    emptyAgain: level(rounds.map((round) => round.emptyAgain)),
    tearDown: {
      connections: first.tearDown.connections,
      perSecond: estimateMedian(rounds.map((round) => round.tearDown.perSecond)),
    },
  };
}

function level(rounds: readonly LevelTrials[]): SetupLevel {
  const trials = rounds.flatMap((round) => round.trials);
  const tried = trials.reduce((sum, trial) => sum + trial.tried, 0);
  return {
    held: rounds[0]?.held ?? 0,
    perCpuSecond: estimateMedian(trials.map((trial) => trial.delivered / trial.cpuSeconds)),
    perSecond: estimateMedian(trials.map((trial) => trial.delivered / trial.seconds)),
    tried,
    refused: tried - trials.reduce((sum, trial) => sum + trial.delivered, 0),
  };
}

/** Trial by trial the mean of the rate before and after, so that a machine that became slower meanwhile does not mislead. */
function emptyRuns({ levels, emptyAgain }: SetupArmResult): number[] {
  const before = levels[0]?.perCpuSecond.runs ?? [];
  return before.map((rate, i) => (rate + (emptyAgain.perCpuSecond.runs[i] ?? rate)) / 2);
}
