import type { ProblemCode } from "./problem-codes.ts";

/** Why a piece of text is not the value it should be; becomes a Problem when the place in the file is known. */
export class Fault {
  readonly code: ProblemCode;
  readonly message: string;
  readonly fix: string;

  constructor(code: ProblemCode, message: string, fix: string) {
    this.code = code;
    this.message = message;
    this.fix = fix;
  }
}

/** Reads a value from the text of a YAML scalar. */
export type Reader<T> = (text: string) => T | Fault;

/** The text as a message may show it: in quotes, cut at 60 characters, without control characters. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(shown);
}
