import { randomInt } from "node:crypto";
import { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { listNamespaces } from "../kernel/namespace.ts";
import { identifyProcess } from "../kernel/process.ts";
import { startLabProgram, type ChildProcess } from "./child.ts";
import { dismantleLab } from "./dismantle.ts";
import { LabError } from "./error.ts";
import { claimLab, isLabId, readLab, rewriteLab, type LabState } from "./state.ts";
import type { LabNamespaces } from "./topology.ts";

/** A lab on record, guarded by its reaper; there is nothing of it yet. */
export interface LabLife<N extends LabNamespaces = LabNamespaces> {
  readonly id: string;
  readonly namespaces: N;
  /** Lets the lab outlive this process: it stays until it is taken down. */
  keep(): Promise<void>;
  /** Takes it down, with all that is in its namespaces. */
  close(): Promise<void>;
}

/**
 * Writes a lab down as ours, and starts the reaper that takes it down should this process end without doing so.
 * `title`: what `lab list` shows; `id`: a readable one is made up if not given; `namespaces`: their names by id.
 */
export async function beginLab<N extends LabNamespaces>(
  title: string,
  id: string | undefined,
  namespaces: (id: string) => N,
): Promise<LabLife<N>> {
  let state = claim(title, id, namespaces);
  let reaper: ChildProcess | undefined;
  const close = async (): Promise<void> => {
    // Somebody else may have taken it down, and made another one of the same id.
    if (isDeepStrictEqual(readLab(state.id), state)) dismantleLab(state);
    await endReaper(reaper);
  };
  try {
    // The reaper first: from here on nothing can be left behind.
    reaper = await startReaper(state);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    id: state.id,
    namespaces: namespaces(state.id),
    keep: async () => {
      const { owner: _owner, ...lasting } = state;
      state = lasting;
      rewriteLab(state);
      await endReaper(reaper);
    },
    close,
  };
}

/** Writes the lab down as ours before there is anything of it. */
function claim(title: string, id: string | undefined, names: (id: string) => LabNamespaces): LabState {
  if (id !== undefined && !isLabId(id)) {
    throw new LabError("lab-id", `${JSON.stringify(id)} is no id for a lab`, "use up to 16 of a-z, 0-9 and -");
  }
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new TypeError("a process that runs has a number");
  const there = new Set(listNamespaces());
  for (;;) {
    const chosen = id ?? madeUpId();
    const namespaces = names(chosen);
    // A namespace of that name which no lab has is somebody else's: it must not be taken for ours when cleaning up.
    const foreign =
      readLab(chosen) === undefined ? Object.values(namespaces).find((name) => there.has(name)) : undefined;
    const created = new Date().toISOString();
    const state: LabState = { version: 1, id: chosen, gateway: title, namespaces, created, owner };
    if (foreign === undefined && claimLab(state)) return state;
    if (id === undefined) continue;
    if (foreign === undefined) {
      throw new LabError("lab-exists", `there is a lab ${id} already`, `take it down: \`meganat lab down ${id}\``);
    }
    throw new LabError("lab-exists", `there is a network namespace ${foreign} already`, "give the lab another id");
  }
}

/** Three syllables, easy to read out: one of 400,000. */
function madeUpId(): string {
  let id = "";
  for (let i = 0; i < 3; i++) id += `${pick("bdfgklmnprstvwz")}${pick("aeiou")}`;
  return id;
}

function pick(letters: string): string {
  return letters.charAt(randomInt(letters.length));
}

async function startReaper(state: LabState): Promise<ChildProcess> {
  const reaper = await startLabProgram(undefined, "reaper-main", state, { stdin: "pipe", stdout: "ignore" });
  // An open pipe to the reaper is no reason for our process to stay.
  if (reaper.stdin instanceof Socket) reaper.stdin.unref();
  return reaper;
}

/** Closes the reaper's pipe and waits until it has ended. */
function endReaper(reaper: ChildProcess | undefined): Promise<void> {
  if (reaper === undefined || reaper.exitCode !== null || reaper.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    reaper.ref();
    reaper.once("exit", () => resolve());
    reaper.stdin?.on("error", () => undefined);
    reaper.stdin?.end();
  });
}
