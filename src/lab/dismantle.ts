import { rmSync } from "node:fs";
import { recordDirectory } from "../apply/record-directory.ts";
import { turnOffFastPath } from "../fastpath/turn-off.ts";
import { isKernelError } from "../kernel/error.ts";
import { deleteNamespace, listNamespaces } from "../kernel/namespace.ts";
import { killProcess, processesInNamespace } from "../kernel/process.ts";
import { LabError } from "./error.ts";
import { raiseLoweredLimits, returnHostLimits } from "./host-limits.ts";
import { forgetLab, isOrphan, readLabs, type LabState } from "./state.ts";

/** A killed process needs a moment to go; one stuck in the kernel is not waited for longer than this. */
const PATIENCE_MS = 3000;
const STEP_MS = 5;

/**
 * Removes everything of a lab: processes in its namespaces, the namespaces with their links and
 * apply's records of them, its share of the host's
 * limits, and the record of it. Does each step even if one before it failed; then the record stays, for the next try.
 */
export function dismantleLab(state: LabState): void {
  const failures: string[] = [];
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  };
  const namespaces = Object.values(state.namespaces);
  // First of all: whatever else runs on this host has less room while a limit is low.
  attempt(() => raiseLoweredLimits(state.id));
  attempt(() => endProcesses(namespaces));
  const there = new Set(listNamespaces());
  for (const name of namespaces.filter((candidate) => there.has(candidate))) {
    attempt(() => turnOffFastPath({ netns: name }));
    attempt(() => removeNamespace(name));
  }
  // What `apply` wrote down of the namespaces means nothing without them.
  for (const name of namespaces) attempt(() => rmSync(recordDirectory(name), { recursive: true, force: true }));
  attempt(() => returnHostLimits(state.id));
  if (failures.length > 0) {
    throw new LabError(
      "lab-left-over",
      `lab ${state.id} is not all gone: ${failures.join("; ")}`,
      `run \`meganat lab down ${state.id}\` again, as the user that made it`,
    );
  }
  forgetLab(state.id);
}

/** Dismantles every lab whose owner has ended without doing so; gives their ids. */
export function reapStaleLabs(): string[] {
  const stale = readLabs().filter(isOrphan);
  for (const state of stale) dismantleLab(state);
  return stale.map((state) => state.id);
}

/** Ends what lives in the namespaces, until nothing new has come up; except ourselves. */
function endProcesses(namespaces: readonly string[]): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
    const alive = namespaces.flatMap(processesInNamespace).filter(({ pid }) => pid !== process.pid);
    if (alive.length === 0) return;
    for (const each of alive) killProcess(each);
    Atomics.wait(sleeper, 0, 0, STEP_MS);
  }
}

function removeNamespace(name: string): void {
  try {
    deleteNamespace(name);
  } catch (error) {
    // Another process that takes the same lab down was faster.
    if (!isKernelError(error, "kernel-not-found")) throw error;
  }
}
