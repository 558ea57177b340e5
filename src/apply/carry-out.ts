import { inverse, type Change } from "./change.ts";
import { stepsOf, type Step } from "./journal.ts";
import type { Live } from "./live.ts";
import { perform, type Performed } from "./perform.ts";
import { problemOf, type ApplyProblem } from "./remark.ts";

/** How far it has come; tests stop or fail it there. */
export interface StepEvent {
  /** From 1; the step after the last is writing the record. */
  readonly step: number;
  readonly of: number;
  readonly stage: "before" | "after";
}

/** What carrying out needs beside the changes. */
export interface CarryOutOptions {
  /** Sends all ruleset changes as one transaction, and returns what would undo it. */
  readonly sendRules: () => () => void;
  readonly markStep: (step: number) => void;
  /** The last step: writes the record. Its failure undoes the others. */
  readonly finish: (performed: readonly PerformedStep[]) => void;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
}

/** A step with what became of it. */
export interface PerformedStep {
  readonly step: Step;
  readonly performed: Performed;
}

/** How it ended. */
export type CarriedOut =
  | { readonly ok: true; readonly performed: readonly PerformedStep[] }
  | {
      readonly ok: false;
      readonly problem: ApplyProblem;
      /** The step that failed, in words. */
      readonly failedStep: string;
      /** What could not be undone; empty when the old state is back. */
      readonly left: readonly ApplyProblem[];
    };

/** Carries the changes out step by step; if one fails, undoes those before it in reverse order. */
export function carryOut(live: Live, changes: readonly Change[], options: CarryOutOptions): CarriedOut {
  const steps = stepsOf(changes);
  const of = steps.length + 1;
  const performed: PerformedStep[] = [];
  const undo: (() => Performed | void)[] = [];
  let current = "";
  try {
    for (const [index, step] of steps.entries()) {
      const number = index + 1;
      current = step.text;
      options.onStep?.({ step: number, of, stage: "before" });
      performed.push({ step, performed: performStep(live, step, options, undo) });
      options.onStep?.({ step: number, of, stage: "after" });
      options.markStep(number);
    }
    current = "write the record";
    options.onStep?.({ step: of, of, stage: "before" });
    options.finish(performed);
  } catch (error) {
    return { ok: false, problem: problemOf(error), failedStep: current, left: undo.toReversed().flatMap(attempt) };
  }
  options.onStep?.({ step: of, of, stage: "after" });
  return { ok: true, performed };
}

function performStep(live: Live, step: Step, options: CarryOutOptions, undo: (() => Performed | void)[]): Performed {
  if (step.kind === "ruleset") {
    undo.push(options.sendRules());
    return { done: true };
  }
  const back = inverse(step.change);
  // A sysctl has companions: it may fail when half of it is done.
  if (step.change.kind === "sysctl") undo.push(() => perform(live, back));
  const result = perform(live, step.change);
  if (result.done && step.change.kind !== "sysctl") undo.push(() => perform(live, back));
  return result;
}

function attempt(run: () => Performed | void): ApplyProblem[] {
  try {
    const left = run()?.left;
    return left === undefined ? [] : [{ code: "left-as-changed", message: left, fix: "undo it by hand" }];
  } catch (error) {
    return [problemOf(error)];
  }
}
