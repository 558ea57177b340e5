import { applyGateway, type ApplyOutcome } from "../apply/apply.ts";
import { readHostFacts } from "../apply/host-facts.ts";
import { planGateway } from "../plan/plan-gateway.ts";
import type { Plan } from "../plan/plan.ts";
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
  const outcome = applyGateway({ desired: renderState(plan), namespace });
  if (outcome.outcome !== "applied" && outcome.outcome !== "unchanged") throw notApplied(outcome.problems);
  return { plan, outcome, limits };
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
