import { closeSync, writeSync } from "node:fs";
import { READY } from "./child.ts";

const READY_FD = 3;

/** The argument the program was started with; the caller knows its shape, because both ends are ours. */
export function programArgument(): unknown {
  return JSON.parse(process.argv[2] ?? "null") as unknown;
}

/** Runs a program's beginning and tells the parent how it went: ready, or why not (and ends). */
export async function startProgram(begin: () => void | Promise<void>): Promise<void> {
  let words: string = READY;
  try {
    await begin();
  } catch (error) {
    words = error instanceof Error ? error.message : String(error);
  }
  try {
    writeSync(READY_FD, words);
    closeSync(READY_FD);
  } catch {
    // The parent is gone; whoever cleans up after it ends us too.
  }
  if (words !== READY) process.exit(1);
}
