import type { FailureMode } from "../../diagnose/failure-mode.ts";
import { SEVERITIES, type Finding } from "../../diagnose/finding.ts";
import { findingsOf, idOf, type Combination } from "./combinations.ts";
import { loadFault } from "./load-faults.ts";
import { secondsSince, unrelated } from "./run-fault.ts";
import { withFaults } from "./with-faults.ts";

/** What became of several faults planted in one lab. */
export interface TogetherResult {
  readonly id: string;
  readonly title: string;
  /** Ids of the findings that must be there. */
  readonly faults: readonly string[];
  /** Those that were, in the order of the report. */
  readonly named: readonly string[];
  /** The report told the worst first. */
  readonly worstFirst: boolean;
  /** All were named, each with what its fault expects, and the worst first. */
  readonly found: boolean;
  /** Findings that are neither these faults nor declared consequences of them; notes left out. */
  readonly others: readonly string[];
  /** From planting to the verdict. */
  readonly seconds: number;
  /** What was wrong, in a sentence. */
  readonly complaint?: string;
  /** Why they could not be planted here. */
  readonly skipped?: string;
}

/** Plants several faults in one lab and asks the doctor once. */
export async function runTogether(
  combination: Combination,
  modes: readonly FailureMode[],
  signal?: AbortSignal,
): Promise<TogetherResult> {
  const started = performance.now();
  const planted = await Promise.all(combination.faults.map(loadFault));
  const nothing = nothingOf(combination);
  const { faults } = nothing;
  const impossible = planted.flatMap((fault) => fault.impossible?.() ?? []);
  if (impossible.length > 0) return { ...nothing, skipped: impossible.join("; ") };
  return await withFaults(planted, signal, async ({ scene, look }) => {
    const report = await look();
    const named = [...new Set(report.findings.map(({ id }) => id))].filter((id) => faults.includes(id));
    const worstFirst = areWorstFirst(report.findings);
    const complaints = planted.flatMap((fault) => {
      if (!named.includes(fault.id)) return [`${fault.id} not found`];
      const complaint = fault.expect?.(report, scene);
      return complaint === undefined ? [] : [`${fault.id}: ${complaint}`];
    });
    if (!worstFirst) complaints.push("the findings are not told worst first");
    return {
      ...nothing,
      named,
      worstFirst,
      found: complaints.length === 0,
      others: unrelated(report, faults, modes),
      seconds: secondsSince(started),
      ...(complaints.length === 0 ? {} : { complaint: complaints.join("; ") }),
    };
  });
}

/** A result for faults about which the doctor has said nothing. */
export function nothingOf(combination: Combination): TogetherResult {
  return {
    id: idOf(combination),
    title: combination.title,
    faults: findingsOf(combination),
    named: [],
    worstFirst: true,
    found: false,
    others: [],
    seconds: 0,
  };
}

/** By severity, then by what is lost: no finding comes after a lesser one. */
export function areWorstFirst(findings: readonly Pick<Finding, "severity" | "lossPerSecond">[]): boolean {
  return findings.every((finding, index) => {
    const before = findings[index - 1];
    if (before === undefined) return true;
    const order = SEVERITIES.indexOf(before.severity) - SEVERITIES.indexOf(finding.severity);
    return order < 0 || (order === 0 && before.lossPerSecond >= finding.lossPerSecond);
  });
}
