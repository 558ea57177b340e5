import type { FailureMode } from "../../diagnose/failure-mode.ts";
import type { Report } from "../../diagnose/report.ts";
import type { Fault } from "./fault.ts";
import type { Scene } from "./scene.ts";
import { withFaults } from "./with-faults.ts";

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

/** Plants the fault in a lab of its own and asks the doctor. */
export async function runFault(
  fault: Fault,
  modes: readonly FailureMode[],
  carryOutFix?: CarryOutFix,
  signal?: AbortSignal,
): Promise<FaultResult> {
  const { id, title } = fault;
  const impossible = fault.impossible?.();
  if (impossible !== undefined) return { id, title, found: false, others: [], seconds: 0, skipped: impossible };
  const started = performance.now();
  return await withFaults([fault], signal, async ({ scene, look }) => {
    const report = await look();
    const finding = report.findings.find((found) => found.id === id);
    const seconds = secondsSince(started);
    const others = unrelated(report, [id], modes);
    const complaint = finding === undefined ? "not found" : fault.expect?.(report, scene);
    const fixable = fault.fixable ?? finding?.fixes[0]?.safe !== undefined;
    let fixed: FaultResult["fixed"];
    if (finding !== undefined && fixable && carryOutFix !== undefined) {
      await carryOutFix(report, id, scene);
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
  });
}

/** Findings that neither are the faults nor follow from them; notes left out. */
export function unrelated(report: Report, ids: readonly string[], modes: readonly FailureMode[]): string[] {
  const right = new Set(ids.flatMap((id) => [id, ...(modes.find((mode) => mode.id === id)?.consequences ?? [])]));
  const others = report.findings.filter((found) => found.severity !== "note" && !right.has(found.id));
  return [...new Set(others.map((found) => found.id))];
}

/** Since a reading of `performance.now()`, to a hundredth. */
export function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 10) / 100;
}
