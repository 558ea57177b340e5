import { dismantleLab } from "./dismantle.ts";
import { programArgument, startProgram } from "./program.ts";
import { readLab } from "./state.ts";

/**
 * Outlives the owner of a lab to clean up after it. Standard input is a pipe whose other end only the owner has: it
 * closes when the owner ends, by whatever means. What the owner took down itself is no longer on record.
 */
const id = programArgument() as string;

// A signal to the whole group ends the owner as well, and then there is work to do.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

let released = false;
process.stdin.on("data", () => {
  // One byte from the owner: the lab shall outlive it.
  released = true;
});
process.stdin.on("error", () => undefined);
process.stdin.on("close", () => {
  const state = released ? undefined : readLab(id);
  if (state !== undefined) dismantleLab(state);
  process.exit(0);
});

await startProgram(() => undefined);
