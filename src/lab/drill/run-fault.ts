import { setTimeout as sleep } from "node:timers/promises";
import type { FailureMode } from "../../diagnose/failure-mode.ts";
import type { Report } from "../../diagnose/report.ts";
import { examine } from "../../observe/doctor.ts";
import type { Fault } from "./fault.ts";
import { buildScene, type Scene } from "./scene.ts";

/** What became of a planted fault. */
export interface FaultResult {
  readonly id: string;
  readonly title: string;
  /** The finding was there, and what else the fault expects. */
  readonly found: boolean;
  /** Findings that are neither the fault nor a declared consequence of it; notes left out. */
  readonly others: readonly string[];
  /** From planting to the verdict. */
  readonly seconds: number;
  /** After the finding's fix: `gone`, `still there`; absent if it was not tried. */
  readonly fixed?: "gone" | "still there";
  /** What was wrong, in a sentence. */
  readonly complaint?: string;
  /** Why it could not be planted here. */
  readonly skipped?: string;
}

/** Carries out a finding's fix in the scene. */
export type CarryOutFix = (report: Report, id: string, scene: Scene) => void | Promise<void>;

const SETTLE_MS = 300;
const LOOK_SECONDS = 2;

/** Plants the fault in a lab of its own and asks the doctor. */
export async function runFault(
  fault: Fault,
  modes: readonly FailureMode[],
  carryOutFix?: CarryOutFix,
): Promise<FaultResult> {
  const { id, title } = fault;
  const impossible = fault.impossible?.();
  if (impossible !== undefined) return { id, title, found: false, others: [], seconds: 0, skipped: impossible };
  const started = performance.now();
  const elapsed = (): number => Math.round((performance.now() - started) / 10) / 100;
  const scene = await buildScene(fault.gateway);
  const traffic = new AbortController();
  let running: Promise<void> | undefined;
  try {
    await fault.plant(scene);
    running = fault.traffic?.(scene, traffic.signal).catch(() => undefined);
    await sleep(fault.settle ?? SETTLE_MS);
    const look = async (): Promise<Report> =>
      (await examine({ namespace: scene.gateway, seconds: fault.seconds ?? LOOK_SECONDS })).report;
    const report = await look();
    const finding = report.findings.find((found) => found.id === id);
    const seconds = elapsed();
    const others = unrelated(report, id, modes);
    const complaint = finding === undefined ? "not found" : fault.expect?.(report, scene);
    const fixable = fault.fixable ?? finding?.fixes[0]?.safe !== undefined;
    let fixed: FaultResult["fixed"];
    if (finding !== undefined && fixable && carryOutFix !== undefined) {
      await carryOutFix(report, id, scene);
      await sleep(fault.settle ?? SETTLE_MS);
      fixed = (await look()).findings.some((found) => found.id === id) ? "still there" : "gone";
    }
    return {
      id,
      title,
      found: finding !== undefined && complaint === undefined,
      others,
      seconds,
      ...(fixed === undefined ? {} : { fixed }),
      ...(complaint === undefined ? {} : { complaint }),
    };
  } finally {
    traffic.abort();
    await running;
    await scene.close();
  }
}

/** Findings that neither are the fault nor follow from it. */
export function unrelated(report: Report, id: string, modes: readonly FailureMode[]): string[] {
  const follow = modes.find((mode) => mode.id === id)?.consequences ?? [];
  const others = report.findings.filter(
    (found) => found.id !== id && found.severity !== "note" && !follow.includes(found.id),
  );
  return [...new Set(others.map((found) => found.id))];
}
