import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { onlineCpus } from "../../kernel/perf/perf-event.ts";
import { interruptedBy } from "../error.ts";
import type { FastPathSwitch } from "../fast-path-switch.ts";
import { runTrials, type Trials } from "../method/trials.ts";
import { FORWARD_ARMS, withArm, type Band, type ForwardArm } from "./arms.ts";
import { conditionWords, type ForwardCondition } from "./conditions.ts";
import { connectionSet, makeConnections, requireAssured } from "./connections.ts";
import { findLossFree, type LossFreeRates } from "./loss-free-rates.ts";
import { layOutOrder, type Mix } from "./order.ts";
import { Player } from "./player.ts";
import { writeScore } from "./score.ts";
import { buildStage, type Stage } from "./stage.ts";
import { CACHES_WARM_MS, runTrial, type ForwardTrial, type TrialLength } from "./trial.ts";

/** How to measure forwarding. */
export interface ForwardOptions {
  readonly conditions: readonly ForwardCondition[];
  readonly rounds: number;
  /** Of the connections, their order and the order of the trials. */
  readonly seed: number;
  /** Search the loss-free rates of the first condition as well. */
  readonly lossFree: boolean;
  /** Without: the arms tc and xdp are left out. */
  readonly fastPath?: FastPathSwitch | undefined;
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** One condition's trials. */
export interface ForwardMeasurement {
  readonly condition: ForwardCondition;
  /** Connections the kernel's table held then. */
  readonly inTable: number;
  /** Of the arms that were measured. */
  readonly trials: Trials<ForwardArm, ForwardTrial>;
}

/** How often to say how far the filling is. */
const TELL_MS = 500;

/** What was measured. */
export interface ForwardResult {
  /** The CPU on which generator, gateway and receiver ran. */
  readonly cpu: number;
  readonly arms: readonly ForwardArm[];
  readonly measurements: readonly ForwardMeasurement[];
  readonly lossFree: LossFreeRates | undefined;
}

/**
 * Measures how fast a gateway in a lab forwards the packets of established connections, by each way there is. One CPU
 * does everything, so what is compared is what a packet costs. Clean-up included, whatever happens.
 */
export async function benchmarkForward(options: ForwardOptions): Promise<ForwardResult> {
  const { conditions, seed, onStep = () => undefined, signal, fastPath } = options;
  const cpu = generatorCpu();
  const arms = FORWARD_ARMS.filter((arm) => fastPath !== undefined || (arm !== "tc" && arm !== "xdp"));
  onStep("building two gateways");
  const stage = await buildStage(Math.max(...conditions.map(({ table }) => table)));
  const gateway = stage.translating.topology.namespaces.gateway;
  try {
    const measurements: ForwardMeasurement[] = [];
    let lossFree: LossFreeRates | undefined;
    let assured = 0;
    let inTable = 0;
    for (const [i, condition] of conditions.entries()) {
      const { connections } = condition.mix;
      if (assured < connections) {
        await fill(stage, connections, true, options);
        assured = connections;
        inTable = Math.max(inTable, connections);
      }
      if (inTable < condition.table) {
        await fill(stage, condition.table, false, options);
        inTable = condition.table;
      }
      const words = conditionWords(condition);
      onStep(`${words}: laying out`);
      const band = await openBand(stage, condition.mix, cpu, options);
      try {
        const trials = await measure(band, arms, condition, cpu, options);
        measurements.push({ condition, inTable: readConntrackCount(gateway), trials });
        if (i === 0 && options.lossFree) lossFree = await findLossFree(band, trials, options);
      } finally {
        await closeBand(band);
      }
      requireAssured(gateway, connectionSet(condition.mix.connections, seed), seed);
    }
    return { cpu, arms, measurements, lossFree };
  } catch (error) {
    throw interruptedBy(signal, error);
  } finally {
    await stage.close();
  }
}

async function fill(stage: Stage, connections: number, assured: boolean, options: ForwardOptions): Promise<void> {
  const { seed, onStep = () => undefined, signal } = options;
  const all = connections.toLocaleString("en");
  let told = 0;
  await makeConnections(stage.translating, {
    connections,
    seed,
    assured,
    onProgress: (made) => {
      if (performance.now() - told < TELL_MS) return;
      told = performance.now();
      onStep(`making connections: ${made.toLocaleString("en")} of ${all}`);
    },
    signal,
  });
}

async function openBand(stage: Stage, mix: Mix, cpu: number, { seed, fastPath }: ForwardOptions): Promise<Band> {
  const set = connectionSet(mix.connections, seed);
  requireAssured(stage.translating.topology.namespaces.gateway, set, seed);
  const score = writeScore(set, mix.connections, layOutOrder(mix, seed));
  const translating = await Player.open(stage.translating.topology, score, cpu);
  try {
    return { stage, translating, plain: await Player.open(stage.plain.topology, score, cpu), fastPath };
  } catch (error) {
    await translating.close();
    throw error;
  }
}

async function closeBand({ translating, plain }: Band): Promise<void> {
  await translating.close();
  await plain.close();
}

async function measure(
  band: Band,
  arms: readonly ForwardArm[],
  condition: ForwardCondition,
  cpu: number,
  { rounds, seed, onStep = () => undefined, signal }: ForwardOptions,
): Promise<Trials<ForwardArm, ForwardTrial>> {
  const words = conditionWords(condition);
  return await runTrials<ForwardArm, ForwardTrial>({
    arms,
    rounds,
    seed,
    measure: (arm) =>
      withArm(band, arm, (player, translates) => runTrial(player, cpu, translates, lengthFor(arm, condition.length))),
    onTrial: (arm, round) => onStep(`${words}: round ${round} of ${rounds}, ${arm}`),
    signal,
  });
}

function lengthFor(arm: ForwardArm, length: TrialLength): TrialLength {
  return arm === "tc" || arm === "xdp"
    ? length
    : { warmUp: Math.min(length.warmUp, CACHES_WARM_MS), measured: length.measured };
}

/** The last one: interrupts and other programs tend to be on the first. */
function generatorCpu(): number {
  const cpu = onlineCpus().at(-1);
  if (cpu === undefined) throw new TypeError("a machine has a CPU");
  return cpu;
}
