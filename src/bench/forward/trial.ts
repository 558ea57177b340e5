import { setTimeout as sleep } from "node:timers/promises";
import { readCpuTimes } from "../../kernel/counters/cpu-time.ts";
import { BenchError } from "../error.ts";
import type { Player } from "./player.ts";

/** How long a trial is, in milliseconds. */
export interface TrialLength {
  /** Not counted: what learns from packets learns, and caches fill, for which a part of a second is enough. */
  readonly warmUp: number;
  /** And so many packets, however long they take: default 0. */
  readonly warmUpPackets?: number;
  readonly measured: number;
}

/** What one trial found. */
export interface ForwardTrial {
  /** Packets a second that arrived. */
  readonly pps: number;
  /** Packets sent and arrived in the measured time. */
  readonly sent: number;
  readonly received: number;
  readonly seconds: number;
  /** Busy time of the CPU that did it all, for each packet that arrived. */
  readonly cpuNanoseconds: number;
}

/** What has nothing to learn is warm after this. */
export const CACHES_WARM_MS = 300;
const WARM_UP_STEP_MS = 250;
/** Packets on their way are in at most two queues of 256 and the CPU's backlog. */
const SETTLE_MS = 10;

/** Plays for a time and counts what arrives; throws `bench-not-valid` if packets arrive otherwise than the arm translates. */
export async function runTrial(
  player: Player,
  cpu: number,
  translates: boolean,
  { warmUp, warmUpPackets = 0, measured }: TrialLength,
): Promise<ForwardTrial> {
  const beginning = player.counts().sent;
  await player.play({ milliseconds: warmUp });
  while (player.counts().sent - beginning < warmUpPackets) await player.play({ milliseconds: WARM_UP_STEP_MS });
  await sleep(SETTLE_MS);
  const before = player.counts();
  const busyBefore = busyMilliseconds(cpu);
  const { nanoseconds } = await player.play({ milliseconds: measured });
  const busy = busyMilliseconds(cpu) - busyBefore;
  await sleep(SETTLE_MS);
  const after = player.counts();
  const translated = after.translated - before.translated;
  const untranslated = after.untranslated - before.untranslated;
  if ((translates ? untranslated : translated) > 0) throw notAsTranslated(translates, translated, untranslated);
  const received = translated + untranslated;
  if (received === 0) throw nothingArrived(after.sent - before.sent);
  return {
    pps: (received / nanoseconds) * 1e9,
    sent: after.sent - before.sent,
    received,
    seconds: nanoseconds / 1e9,
    cpuNanoseconds: (busy * 1e6) / received,
  };
}

function busyMilliseconds(cpu: number): number {
  return readCpuTimes().find((time) => time.cpu === cpu)?.busy ?? 0;
}

function notAsTranslated(translates: boolean, translated: number, untranslated: number): BenchError {
  return new BenchError(
    "bench-not-valid",
    translates
      ? `${untranslated} packets arrived with the subscriber's own address, ${translated} translated`
      : `${translated} packets arrived translated where nothing should translate`,
    "this is a defect of the gateway or of the benchmark: please report it",
  );
}

function nothingArrived(sent: number): BenchError {
  return new BenchError(
    "bench-not-valid",
    `${sent} packets were sent and none arrived beyond the gateway`,
    "`meganat drops` while it runs says what drops them",
  );
}
