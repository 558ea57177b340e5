import { setTimeout as sleep } from "node:timers/promises";
import type { FailureMode } from "../../diagnose/failure-mode.ts";
import { examine, loadModes } from "../../observe/doctor.ts";
import { LabError } from "../error.ts";
import { CLEAN_LABS, type CleanLab } from "./clean-labs.ts";
import type { Fault } from "./fault.ts";
import { loadFaults } from "./load-faults.ts";
import { runFault, type FaultResult } from "./run-fault.ts";
import { buildScene } from "./scene.ts";
import { carryOutFoundFix } from "./found-fix.ts";

/** What the doctor said of a clean lab. */
export interface CleanResult {
  readonly id: string;
  readonly title: string;
  /** Findings, of which there should be none. */
  readonly findings: readonly string[];
  readonly seconds: number;
}

/** How the doctor did. */
export interface DrillResult {
  readonly faults: readonly FaultResult[];
  readonly clean: readonly CleanResult[];
  /** Modes that a fault was planted for, of all there are. */
  readonly modes: { readonly planted: number; readonly all: number; readonly without: readonly string[] };
  /** Planted faults that were found, 0 to 1. */
  readonly recall: number;
  /** Findings that were true, or declared consequences of true ones, 0 to 1. */
  readonly precision: number;
  /** All found, nothing false, no clean lab disturbed. */
  readonly ok: boolean;
}

/** What to drill. */
export interface DrillOptions {
  /** Only these: ids of modes, or of clean labs. */
  readonly only?: readonly string[];
  /** Carry out each finding's safe fix and look again. */
  readonly fix: boolean;
  readonly onStart?: (title: string, number: number, of: number) => void;
  readonly onResult?: (result: FaultResult | CleanResult) => void;
  readonly signal?: AbortSignal;
}

const LOOK_SECONDS = 2;
const SETTLE_MS = 500;

/** Plants every fault in a lab of its own, asks the doctor each time, and does the same with healthy labs. */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const [modes, allFaults] = await Promise.all([loadModes(), loadFaults()]);
  const wanted = ({ id }: { readonly id: string }): boolean => options.only === undefined || options.only.includes(id);
  const [planned, clean] = [allFaults.filter(wanted), CLEAN_LABS.filter(wanted)];
  const unknown = (options.only ?? []).filter((id) => ![...allFaults, ...CLEAN_LABS].some((one) => one.id === id));
  if (unknown.length > 0) {
    const there = [...new Set([...allFaults, ...CLEAN_LABS].map(({ id }) => id))];
    throw new LabError("drill-unknown", `there is no fault ${unknown.join(", ")}`, `there are: ${there.join(", ")}`);
  }
  const total = planned.length + clean.length;
  const faults: FaultResult[] = [];
  for (const fault of planned) {
    if (options.signal?.aborted === true) break;
    options.onStart?.(`${fault.id}: ${fault.title}`, faults.length + 1, total);
    const result = await attemptFault(fault, modes, options.fix);
    faults.push(result);
    options.onResult?.(result);
  }
  const cleanResults: CleanResult[] = [];
  for (const lab of clean) {
    if (options.signal?.aborted === true) break;
    options.onStart?.(`${lab.id}: ${lab.title}`, faults.length + cleanResults.length + 1, total);
    const result = await lookAtCleanLab(lab);
    cleanResults.push(result);
    options.onResult?.(result);
  }
  return { ...score(faults, cleanResults), modes: coverage(modes, faults) };
}

/** A lab that cannot be built is a fault that was not found, and the drill goes on. */
async function attemptFault(fault: Fault, modes: readonly FailureMode[], fix: boolean): Promise<FaultResult> {
  try {
    return await runFault(fault, modes, fix ? carryOutFoundFix : undefined);
  } catch (error) {
    const complaint = error instanceof Error ? error.message : String(error);
    return { id: fault.id, title: fault.title, found: false, others: [], seconds: 0, complaint };
  }
}

async function lookAtCleanLab(lab: CleanLab): Promise<CleanResult> {
  const started = performance.now();
  const scene = await buildScene(lab.gateway);
  const traffic = new AbortController();
  let running: Promise<void> | undefined;
  try {
    await lab.prepare?.(scene);
    running = lab.traffic?.(scene, traffic.signal).catch(() => undefined);
    await sleep(SETTLE_MS);
    const { report } = await examine({ namespace: scene.gateway, seconds: LOOK_SECONDS });
    const findings = report.findings.map(({ id, summary }) => `${id}: ${summary}`);
    if (report.drops.unexplainedMatters) findings.push(`${report.drops.unexplained} drops unexplained`);
    return { id: lab.id, title: lab.title, findings, seconds: rounded((performance.now() - started) / 1000) };
  } finally {
    traffic.abort();
    await running;
    await scene.close();
  }
}

/** Recall over the faults that could be planted, precision over all findings that were not mere notes. */
export function score(faults: readonly FaultResult[], clean: readonly CleanResult[]): Omit<DrillResult, "modes"> {
  const planted = faults.filter(({ skipped }) => skipped === undefined);
  const found = planted.filter((fault) => fault.found).length;
  const wrong =
    planted.reduce((sum, { others }) => sum + others.length, 0) +
    clean.reduce((sum, { findings }) => sum + findings.length, 0);
  const recall = planted.length === 0 ? 1 : found / planted.length;
  const precision = found + wrong === 0 ? 1 : found / (found + wrong);
  const notFixed = planted.some(({ fixed }) => fixed === "still there");
  return { faults, clean, recall, precision, ok: recall === 1 && wrong === 0 && !notFixed };
}

function coverage(modes: readonly FailureMode[], faults: readonly FaultResult[]): DrillResult["modes"] {
  const planted = new Set(faults.filter(({ skipped }) => skipped === undefined).map(({ id }) => id));
  return {
    planted: planted.size,
    all: modes.length,
    without: modes.map(({ id }) => id).filter((id) => !planted.has(id)),
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
