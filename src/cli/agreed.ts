import { createInterface } from "node:readline/promises";
import { CommandError } from "./failure.ts";

/** Asks on the terminal, no being the answer of whoever just presses Enter; without a terminal the answer must be a flag. */
export async function agreed(question: string, what: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      {
        code: "usage",
        message: `${what}, and there is no terminal to ask on`,
        remedy: "add --yes if that is meant",
      },
      2,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
