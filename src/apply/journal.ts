import type { NamespaceIdentity } from "../kernel/namespace-identity.ts";
import { changeText, type Change, type RulesetChange } from "./change.ts";

/**
 * What is going to be done, written before anything is touched and deleted when all is done or undone.
 * So whoever finds one knows that an apply or remove broke off, and every old value.
 */
export interface Journal {
  readonly version: 1;
  readonly task: "apply" | "remove";
  readonly identity: NamespaceIdentity;
  readonly gateway: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** In the order of execution. */
  readonly changes: readonly Change[];
}

/** A journal found, with how far it had come. */
export interface FoundJournal {
  readonly journal: Journal;
  /** Steps known to be done; the next one may be, too. */
  readonly done: number;
}

/** One step: a change of its own, or all changes of the ruleset, which are one transaction. */
export type Step =
  | { readonly kind: "change"; readonly change: Exclude<Change, RulesetChange>; readonly text: string }
  | { readonly kind: "ruleset"; readonly changes: readonly RulesetChange[]; readonly text: string };

/** The changes as steps. */
export function stepsOf(changes: readonly Change[]): Step[] {
  const ruleset = changes.filter((change): change is RulesetChange => change.kind === "ruleset");
  const steps: Step[] = [];
  for (const change of changes) {
    if (change.kind !== "ruleset") {
      steps.push({ kind: "change", change, text: changeText(change) });
    } else if (change === ruleset[0]) {
      steps.push({ kind: "ruleset", changes: ruleset, text: ruleset.map(changeText).join(", ") });
    }
  }
  return steps;
}

/** Writes a journal as the first line of its file; each step done adds a line with its number. */
export function formatJournal(journal: Journal): string {
  return `${JSON.stringify(journal)}\n`;
}

/** Reads a journal's file; undefined if its first line was never finished. */
export function parseJournal(text: string): FoundJournal | undefined {
  const [first, ...marks] = text.split("\n");
  try {
    const journal = JSON.parse(first ?? "") as Journal;
    if (journal.version !== 1) return undefined;
    let done = 0;
    for (const mark of marks) if (/^\d+$/.test(mark)) done = Math.max(done, Number(mark));
    return { journal, done };
  } catch {
    return undefined;
  }
}
