import { setTimeout as sleep } from "node:timers/promises";
import type { FailureMode } from "../../diagnose/failure-mode.ts";
import { examine, loadModes } from "../../observe/doctor.ts";
import { LabError } from "../error.ts";
import { CLEAN_LABS, type CleanLab } from "./clean-labs.ts";
import { COMBINATIONS, idOf, type Combination } from "./combinations.ts";
import type { Fault } from "./fault.ts";
import { loadFaults } from "./load-faults.ts";
import { runFault, secondsSince, type FaultResult } from "./run-fault.ts";
import { nothingOf, runTogether, type TogetherResult } from "./run-together.ts";
import { score } from "./score.ts";
import { buildScene } from "./scene.ts";
import { carryOutFoundFix } from "./found-fix.ts";

/** What the doctor said of a clean lab. */
export interface CleanResult {
  readonly id: string;
  readonly title: string;
  /** Findings, of which there should be none. */
  readonly findings: readonly string[];
  readonly seconds: number;
  /** Why it could not be built, loaded or looked at. */
  readonly complaint?: string;
}

/** How the doctor did. */
export interface DrillResult {
  readonly faults: readonly FaultResult[];
  /** Two and three faults in one lab. */
  readonly together: readonly TogetherResult[];
  readonly clean: readonly CleanResult[];
  /** Modes that a fault was planted for, of all there are. */
  readonly modes: { readonly planted: number; readonly all: number; readonly without: readonly string[] };
  /** Planted faults that were found, alone and together, 0 to 1. */
  readonly recall: number;
  /** Findings that were true, or declared consequences of true ones, 0 to 1. */
  readonly precision: number;
  /** All found, worst first, nothing false, no clean lab disturbed, and nothing left out. */
  readonly ok: boolean;
  /** It was stopped before its end. */
  readonly stopped: boolean;
}

/** One line of it. */
export type AnyResult = FaultResult | TogetherResult | CleanResult;

/** What to drill. */
export interface DrillOptions {
  /** Only these: ids of modes, of clean labs, or of faults together (`rule-drop+checksum`). */
  readonly only?: readonly string[];
  /** Carry out each finding's safe fix and look again. */
  readonly fix: boolean;
  readonly onStart?: (title: string, number: number, of: number) => void;
  readonly onResult?: (result: AnyResult) => void;
  readonly signal?: AbortSignal;
}

const LOOK_SECONDS = 2;
const SETTLE_MS = 500;

/** Plants every fault in a lab of its own, asks the doctor each time, and does the same with several and with none. */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const { only, fix, signal } = options;
  const [modes, allFaults] = await Promise.all([loadModes(), loadFaults()]);
  checkKnown(only ?? [], [...allFaults, ...CLEAN_LABS].map(({ id }) => id).concat(COMBINATIONS.map(idOf)));
  const wanted = (id: string): boolean => only === undefined || only.includes(id);
  const planned = allFaults.filter(({ id }) => wanted(id));
  const combined = COMBINATIONS.filter((one) => wanted(idOf(one)));
  const labs = CLEAN_LABS.filter(({ id }) => wanted(id));
  const total = planned.length + combined.length + labs.length;
  let number = 0;
  const isStopped = (): boolean => signal?.aborted === true;
  const goThrough = async <T extends { readonly title: string }, R extends AnyResult>(
    all: readonly T[],
    attempt: (one: T) => Promise<R>,
  ): Promise<R[]> => {
    const results: R[] = [];
    for (const one of all) {
      if (isStopped()) break;
      number += 1;
      options.onStart?.(one.title, number, total);
      const result = await attempt(one);
      // What was under way when it was stopped says nothing.
      if (isStopped()) break;
      results.push(result);
      options.onResult?.(result);
    }
    return results;
  };
  const faults = await goThrough(planned, (fault) => attemptFault(fault, modes, fix, signal));
  const together = await goThrough(combined, (one) => attemptTogether(one, modes, signal));
  const clean = await goThrough(labs, (lab) => lookAtCleanLab(lab, signal));
  const stopped = isStopped();
  const { ok, recall, precision } = score(faults, together, clean);
  return { faults, together, clean, modes: coverage(modes, faults), recall, precision, ok: ok && !stopped, stopped };
}

function checkKnown(wanted: readonly string[], there: readonly string[]): void {
  const unknown = wanted.filter((id) => !there.includes(id));
  if (unknown.length === 0) return;
  const words = `there are: ${[...new Set(there)].join(", ")}`;
  throw new LabError("drill-unknown", `there is no fault ${unknown.join(", ")}`, words);
}

/** A lab that cannot be built is a fault that was not found, and the drill goes on. */
async function attemptFault(
  fault: Fault,
  modes: readonly FailureMode[],
  fix: boolean,
  signal?: AbortSignal,
): Promise<FaultResult> {
  try {
    return await runFault(fault, modes, fix ? carryOutFoundFix : undefined, signal);
  } catch (error) {
    return { id: fault.id, title: fault.title, found: false, others: [], seconds: 0, complaint: wordsOf(error) };
  }
}

async function attemptTogether(
  combination: Combination,
  modes: readonly FailureMode[],
  signal?: AbortSignal,
): Promise<TogetherResult> {
  try {
    return await runTogether(combination, modes, signal);
  } catch (error) {
    return { ...nothingOf(combination), complaint: wordsOf(error) };
  }
}

/** What the doctor says of a healthy lab; a lab that cannot be built or looked at is a complaint, and the drill goes on. */
export async function lookAtCleanLab(lab: CleanLab, signal?: AbortSignal): Promise<CleanResult> {
  const started = performance.now();
  const { id, title } = lab;
  try {
    const findings = await findingsIn(lab, signal);
    return { id, title, findings, seconds: secondsSince(started) };
  } catch (error) {
    return { id, title, findings: [], seconds: secondsSince(started), complaint: wordsOf(error) };
  }
}

async function findingsIn(lab: CleanLab, signal?: AbortSignal): Promise<string[]> {
  const scene = await buildScene(lab.gateway);
  const traffic = new AbortController();
  const stop = (): void => traffic.abort();
  signal?.addEventListener("abort", stop);
  let running: Promise<void> | undefined;
  let failed: Error | undefined;
  try {
    await lab.prepare?.(scene, traffic.signal);
    running = lab.traffic?.(scene, traffic.signal).catch((error: unknown) => {
      if (!traffic.signal.aborted) failed = error instanceof Error ? error : new Error(String(error));
    });
    await sleep(SETTLE_MS, undefined, { signal: traffic.signal }).catch(() => undefined);
    const { report } = await examine({ namespace: scene.gateway, seconds: LOOK_SECONDS, signal: traffic.signal });
    // Silence about a lab without its load would prove nothing.
    if (failed !== undefined) throw failed;
    const findings = report.findings.map(({ id, summary }) => `${id}: ${summary}`);
    if (report.drops.unexplainedMatters) findings.push(`${report.drops.unexplained} drops unexplained`);
    return findings;
  } finally {
    signal?.removeEventListener("abort", stop);
    traffic.abort();
    await running;
    await scene.close();
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function coverage(modes: readonly FailureMode[], faults: readonly FaultResult[]): DrillResult["modes"] {
  const planted = new Set(faults.filter(({ skipped }) => skipped === undefined).map(({ id }) => id));
  return {
    planted: planted.size,
    all: modes.length,
    without: modes.map(({ id }) => id).filter((id) => !planted.has(id)),
  };
}
