import type { Problem } from "../problem.ts";

/** A problem with its place in the file. */
export interface LocatedProblem extends Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** How many characters of the line the problem is about. */
  readonly length: number;
  /** The line itself, without its line break; empty where showing it would help nobody. */
  readonly text: string;
}
