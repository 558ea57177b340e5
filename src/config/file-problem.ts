import type { Fault } from "./fault.ts";
import type { FilePath, Problem } from "./problem.ts";
import type { ProblemCode } from "./problem-codes.ts";

/** A problem with a code of this room's closed list; what the file says is either right or an error. */
export interface FileProblem extends Problem {
  readonly code: ProblemCode;
  readonly severity: "error";
}

/** An error in the file. Message and fix are written as clauses; here they become sentences. */
export function fileProblem(
  code: ProblemCode,
  path: FilePath,
  message: string,
  fix: string,
  at: "key" | "value" = "value",
): FileProblem {
  return { code, severity: "error", path, at, message: `${capital(message)}.`, fix: capital(fix) };
}

/** The problem of a value that could not be read. */
export function faultProblem(fault: Fault, path: FilePath, at: "key" | "value" = "value"): FileProblem {
  return fileProblem(fault.code, path, fault.message, fault.fix, at);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
