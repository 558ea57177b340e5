import { setTimeout as sleep } from "node:timers/promises";
import { searchLossFree, type LossFree } from "../method/loss-free.ts";
import type { Trials } from "../method/trials.ts";
import { median } from "../median.ts";
import { withArm, type Band, type ForwardArm } from "./arms.ts";
import type { Player } from "./player.ts";
import type { ForwardTrial } from "./trial.ts";

/** Throughput by RFC 2544: the highest rate at which nothing was lost, by arm. */
export type LossFreeRates = Partial<Readonly<Record<ForwardArm, LossFree>>>;

/** RFC 2544 asks for 60 seconds; how much a second leaves to chance, the trials at full speed beside it show. */
const TRIAL_MS = 1000;
const RESOLUTION = 0.01;
const WARM_UP_MS = 300;
const SETTLE_MS = 10;

/** Searches around what each arm did at full speed. */
export async function findLossFree(
  band: Band,
  trials: Trials<ForwardArm, ForwardTrial>,
  { onStep = () => undefined, signal }: { onStep?: (step: string) => void; signal?: AbortSignal | undefined },
): Promise<LossFreeRates> {
  const found: Partial<Record<ForwardArm, LossFree>> = {};
  for (const [arm, runs] of Object.entries(trials) as [ForwardArm, readonly ForwardTrial[]][]) {
    if (arm === "generator") continue;
    const fullSpeed = median(runs.map(({ pps }) => pps));
    found[arm] = await withArm(band, arm, async (player) => {
      await player.play({ milliseconds: WARM_UP_MS });
      return await searchLossFree({
        lowest: fullSpeed / 10,
        highest: fullSpeed * 1.3,
        resolution: RESOLUTION,
        trial: (rate) => {
          onStep(`loss-free throughput of ${arm}: ${(rate / 1e6).toFixed(3)} Mpps`);
          return playAt(player, rate);
        },
        signal,
      });
    });
  }
  return found;
}

async function playAt(player: Player, rate: number) {
  await sleep(SETTLE_MS);
  const before = player.counts();
  const { nanoseconds } = await player.play({ milliseconds: TRIAL_MS, rate });
  await sleep(SETTLE_MS);
  const after = player.counts();
  const sent = after.sent - before.sent;
  const received = after.translated + after.untranslated - before.translated - before.untranslated;
  return { sent, received, offered: (sent / nanoseconds) * 1e9 };
}
