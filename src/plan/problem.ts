import type { FilePath, Problem } from "../config/problem.ts";
import type { PlanProblemCode } from "./problem-codes.ts";

/** A problem with a code of the planner's closed list. */
export interface PlanProblem extends Problem {
  readonly code: PlanProblemCode;
}

/** A problem found by the planner. */
export function planProblem(
  code: PlanProblemCode,
  severity: Problem["severity"],
  path: FilePath,
  message: string,
  fix: string,
): PlanProblem {
  return { code, severity, path, message, fix };
}
