import { isDeepStrictEqual } from "node:util";
import { dismantleLab } from "./dismantle.ts";
import { programArgument, startProgram } from "./program.ts";
import { readLab, type LabState } from "./state.ts";

/**
 * Outlives the owner of a lab to clean up after it. Standard input is a pipe whose other end only the owner has: it
 * closes when the owner ends, by whatever means. What the owner took down itself is no longer on record, and what it
 * gave away has no owner there.
 */
const guarded = programArgument() as LabState;

// A signal to the whole group ends the owner as well, and then there is work to do.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.stdin.resume();
process.stdin.on("error", () => undefined);
process.stdin.on("close", () => {
  if (isDeepStrictEqual(readLab(guarded.id), guarded)) dismantleLab(guarded);
  process.exit(0);
});

void startProgram(() => undefined);
