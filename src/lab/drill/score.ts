import type { CleanResult } from "./drill.ts";
import type { FaultResult } from "./run-fault.ts";
import type { TogetherResult } from "./run-together.ts";

/** How the doctor did, in two figures and a word. */
export interface Score {
  /** Planted faults that were found, alone and together, 0 to 1. */
  readonly recall: number;
  /** Findings that were true, or declared consequences of true ones, 0 to 1. */
  readonly precision: number;
  /** All found, worst first, nothing false, every fix helped, and every clean lab could be looked at. */
  readonly ok: boolean;
}

/** Recall over the faults that could be planted, precision over all findings that were not mere notes. */
export function score(
  faults: readonly FaultResult[],
  together: readonly TogetherResult[],
  clean: readonly CleanResult[],
): Score {
  const alone = faults.filter(({ skipped }) => skipped === undefined);
  const combined = together.filter(({ skipped }) => skipped === undefined);
  const planted = alone.length + sum(combined, (one) => one.faults.length);
  const found = alone.filter((fault) => fault.found).length + sum(combined, ({ named }) => named.length);
  const wrong = sum([...alone, ...combined], ({ others }) => others.length) + sum(clean, (lab) => lab.findings.length);
  const allWell =
    alone.every((fault) => fault.found && fault.fixed !== "still there") &&
    combined.every((one) => one.found) &&
    clean.every(({ complaint }) => complaint === undefined);
  return {
    recall: planted === 0 ? 1 : found / planted,
    precision: found + wrong === 0 ? 1 : found / (found + wrong),
    ok: allWell && wrong === 0,
  };
}

function sum<T>(list: readonly T[], count: (one: T) => number): number {
  return list.reduce((total, one) => total + count(one), 0);
}
