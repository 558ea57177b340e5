import { applyGateway, type ApplyOutcome } from "../apply/apply.ts";
import { readHostFacts } from "../apply/host-facts.ts";
import { planGateway } from "../plan/plan-gateway.ts";
import type { Plan } from "../plan/plan.ts";
import type { DesiredState } from "../render/desired-state.ts";
import { rulesetComment } from "../render/fingerprint.ts";
import { renderState } from "../render/render.ts";
import { LabError } from "./error.ts";
import type { BorrowedLimits, LimitWishes } from "./host-limits.ts";
import type { Lab } from "./lab.ts";

/** A gateway at work in its lab. */
export interface AppliedInLab {
  readonly plan: Plan;
  readonly outcome: ApplyOutcome;
  readonly limits: BorrowedLimits;
}

/** About 80 bytes each in the kernel's message, and a send buffer of 208 KiB if nobody has raised net.core.wmem_max. */
const ELEMENTS_AT_A_TIME = 1000;

/**
 * Plans the gateway for its lab and applies it there. Limits that the whole host shares are borrowed for the lab, and
 * never set by apply, which would leave them behind. `atLeast`: further wishes for them.
 */
export function applyInLab(lab: Lab, atLeast: LimitWishes = {}): AppliedInLab {
  const namespace = lab.topology.namespaces.gateway;
  const wishes = { ...hostWishes(planGateway(lab.gateway, readHostFacts(namespace))) };
  for (const [name, value] of Object.entries(atLeast)) wishes[name] = Math.max(wishes[name] ?? 0, value);
  const limits = lab.borrowLimits(wishes);
  // Once more: with the limits raised, what is left to do is the namespace's own.
  const plan = planGateway(lab.gateway, readHostFacts(namespace));
  const errors = plan.problems.filter((problem) => problem.severity === "error");
  if (errors.length > 0) throw notApplied(errors);
  const desired = renderState(plan);
  // What is on loan is done; what could not be borrowed, apply names.
  const sysctls = desired.sysctls.filter(({ name, scope }) => scope !== "host" || !limits.raised.includes(name));
  const outcome = applyInSteps({ ...desired, sysctls }, namespace);
  if (outcome.outcome !== "applied" && outcome.outcome !== "unchanged") throw notApplied(outcome.problems);
  return { plan, outcome, limits };
}

/**
 * Applies at once where the kernel lets us. Root of a user namespace only may not enlarge netlink's send buffer, and
 * thousands of elements do not fit in one transaction: then they follow some at a time, each step a whole apply.
 */
function applyInSteps(desired: DesiredState, namespace: string): ApplyOutcome {
  const whole = applyGateway({ desired, namespace });
  const tooLong = whole.problems.some((problem) => problem.message.includes("Message too long"));
  if (!tooLong) return whole;
  const { ruleset } = desired;
  const most = Math.max(...ruleset.sets.map((set) => set.elements.length));
  const changes: string[] = [];
  for (let count = ELEMENTS_AT_A_TIME; ; count += ELEMENTS_AT_A_TIME) {
    const sets = ruleset.sets.map((set) => ({ ...set, elements: set.elements.slice(0, count) }));
    const part = { ...ruleset, sets, comment: rulesetComment(desired.gateway, { ...ruleset, sets }) };
    const outcome = applyGateway({ desired: { ...desired, ruleset: part }, namespace });
    changes.push(...outcome.changes);
    if (outcome.outcome === "failed" || outcome.outcome === "refused" || count >= most) return { ...outcome, changes };
  }
}

/** What the plan wants of the whole host. */
function hostWishes(plan: Plan): Record<string, number> {
  const wishes: Record<string, number> = {};
  for (const { name, proposed, scope } of plan.sysctls) {
    if (scope === "host" && Number.isFinite(Number(proposed))) wishes[name] = Number(proposed);
  }
  return wishes;
}

function notApplied(problems: readonly { readonly message: string; readonly fix: string }[]): LabError {
  const message = problems.map((problem) => problem.message).join("; ");
  return new LabError(
    "lab-not-applied",
    `the file cannot be applied in its lab: ${message === "" ? "no reason given" : message}`,
    problems[0]?.fix ?? "`meganat plan` says what the file means",
  );
}
