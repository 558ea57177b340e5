import { inverse, type Change } from "./change.ts";
import { stepsOf, type Step } from "./journal.ts";
import type { AddressSetting } from "../render/desired-state.ts";
import type { AddressHolder, Live } from "./live.ts";
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
  /** Who has the addresses already, of those about to be added; asked once for all. */
  readonly holders: (settings: readonly AddressSetting[]) => readonly AddressHolder[];
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
  const isHeld = heldAddresses(steps, options);
  const undo: (() => Performed | void)[] = [];
  let current = "";
  try {
    for (const [index, step] of steps.entries()) {
      const number = index + 1;
      current = step.text;
      options.onStep?.({ step: number, of, stage: "before" });
      const refused = isHeld(step);
      performed.push({ step, performed: refused ?? performStep(live, step, options, undo) });
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

/** An address that another machine has is not added: both would lose packets. The rest goes on. */
function heldAddresses(steps: readonly Step[], { holders }: CarryOutOptions): (step: Step) => Performed | undefined {
  let held: readonly AddressHolder[] | undefined;
  const toAdd = steps.flatMap((step) => addressToAdd(step) ?? []);
  return (step) => {
    const setting = addressToAdd(step);
    if (setting === undefined) return undefined;
    held ??= holders(toAdd);
    const holder = held.find((one) => one.address === setting.address && one.interface === setting.interface);
    if (holder === undefined) return undefined;
    const { address, interface: device } = setting;
    const problem = {
      code: "address-in-use",
      message: `${address} is in use already on ${device}, by the machine with MAC ${holder.mac}; it is left out`,
      fix: "find that machine (its MAC is in the switch's table) and give one of the two another address; then apply again",
    };
    return { done: false, leftOut: problem };
  };
}

function addressToAdd(step: Step): AddressSetting | undefined {
  if (step.kind !== "change" || step.change.kind !== "address" || step.change.action !== "add") return undefined;
  return step.change.setting;
}

function performStep(live: Live, step: Step, options: CarryOutOptions, undo: (() => Performed | void)[]): Performed {
  if (step.kind === "ruleset") {
    undo.push(options.sendRules());
    return { done: true };
  }
  const back = inverse(step.change);
  // A sysctl has companions, a queue its classes: it may fail when half of it is done.
  const isManifold = step.change.kind === "sysctl" || step.change.kind === "shaping";
  if (isManifold) undo.push(() => perform(live, back));
  const result = perform(live, step.change);
  if (result.done && !isManifold) undo.push(() => perform(live, back));
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
