import { readdirSync, readFileSync, statSync } from "node:fs";
import { KernelError } from "./error.ts";
import { kernelErrorFromNode } from "./ffi/errno.ts";
import { namespacePath } from "./named-namespace.ts";

/** A process, told from a later one with the same number by when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot (proc(5), field 22 of stat). */
  readonly started: number;
}

/** Who the process is, or undefined if there is none; one that has ended and only waits for its parent is none. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in brackets and may hold blanks and brackets of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = Number(fields[19]);
  return fields[0] === "Z" || fields[0] === "X" || !Number.isSafeInteger(started) ? undefined : { pid, started };
}

/** Says whether this very process still runs. */
export function isProcessAlive(process: ProcessIdentity): boolean {
  return identifyProcess(process.pid)?.started === process.started;
}

/** Ends a process at once (SIGKILL), unless its number belongs to another one by now. */
export function killProcess(target: ProcessIdentity): void {
  if (!isProcessAlive(target)) return;
  try {
    process.kill(target.pid, "SIGKILL");
  } catch (error) {
    const failure = kernelErrorFromNode(`end process ${target.pid}`, error);
    if (failure instanceof KernelError && failure.code === "kernel-not-found") return;
    throw failure;
  }
}

/**
 * The processes that live in the network namespace. One that only visits it (see `inNamespace`) has threads that
 * stayed at home, and is not among them. Empty if there is no such namespace.
 */
export function processesInNamespace(name: string): ProcessIdentity[] {
  const wanted = namespaceKey(namespacePath(name));
  if (wanted === undefined) return [];
  return numbersIn("/proc")
    .filter((pid) => livesIn(pid, wanted))
    .map(identifyProcess)
    .filter((found) => found !== undefined);
}

function livesIn(pid: number, wanted: string): boolean {
  if (namespaceKey(`/proc/${pid}/ns/net`) !== wanted) return false;
  return numbersIn(`/proc/${pid}/task`).every((task) => namespaceKey(`/proc/${pid}/task/${task}/ns/net`) === wanted);
}

function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number);
  } catch {
    return [];
  }
}

function namespaceKey(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return `${stat.dev}:${stat.ino}`;
  } catch {
    return undefined;
  }
}
