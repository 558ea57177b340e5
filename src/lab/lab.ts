import { randomInt } from "node:crypto";
import { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Gateway } from "../config/gateway.ts";
import { listNamespaces, spawnInNamespace } from "../kernel/namespace.ts";
import { identifyProcess } from "../kernel/process.ts";
import { buildTopology } from "./build.ts";
import { startLabProgram, type ChildProcess } from "./child.ts";
import { openLabClient, type LabClient } from "./client/lab-client.ts";
import { dismantleLab, reapStaleLabs } from "./dismantle.ts";
import { LabError } from "./error.ts";
import { borrowHostLimits, type BorrowedLimits, type LimitWishes } from "./host-limits.ts";
import { planTopology } from "./plan-topology.ts";
import { claimLab, isLabId, isOrphan, readLab, readLabs, rewriteLab, type LabState } from "./state.ts";
import { labNamespaces, type LabSide, type LabTopology } from "./topology.ts";

/** How a lab is to be. */
export interface LabOptions {
  /** Lower-case letters, digits and dashes, up to 16; a readable one is made up if not given. */
  readonly id?: string;
  /** `process`: ends with this process, even if it is killed. `until-down`: stays until it is taken down. */
  readonly life: "process" | "until-down";
}

/** A lab that is up. */
export interface Lab {
  readonly id: string;
  readonly topology: LabTopology;
  readonly gateway: Gateway;
  /** Raises limits that the whole host shares, until the lab goes. */
  borrowLimits(wishes: LimitWishes): BorrowedLimits;
  /** A client in one of the end hosts' namespaces. */
  openClient(side: "inside" | "outside"): Promise<LabClient>;
  /** Lets the lab outlive this process: it stays until it is taken down. */
  keep(): Promise<void>;
  /** Takes it down. */
  close(): Promise<void>;
}

/** A lab as `lab list` shows it. */
export interface LabSummary extends LabState {
  /** `stale`: its owner has ended. `broken`: a namespace of it is missing. */
  readonly condition: "up" | "stale" | "broken";
}

/**
 * Builds the replica of a gateway in network namespaces, with services on both sides; nothing is applied to it yet.
 * If anything fails, all is taken down before the error comes out. Labs whose owner has died are removed first.
 */
export async function bringUpLab(gateway: Gateway, options: LabOptions): Promise<Lab> {
  reapStaleLabs();
  let state = claim(gateway.name, options.id);
  const topology = planTopology(gateway, state.id);
  let reaper: ChildProcess | undefined;
  const close = async () => {
    // Somebody else may have taken it down, and made another one of the same id.
    if (isDeepStrictEqual(readLab(state.id), state)) dismantleLab(state);
    await endReaper(reaper);
  };
  const keep = async () => {
    const { owner: _owner, ...lasting } = state;
    state = lasting;
    rewriteLab(state);
    await endReaper(reaper);
  };
  try {
    // The reaper first: from here on nothing can be left behind.
    reaper = await startReaper(state);
    buildTopology(topology);
    await startServices(topology);
    if (options.life === "until-down") await keep();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    id: state.id,
    topology,
    gateway,
    borrowLimits: (wishes) => borrowHostLimits(state.id, wishes),
    openClient: async (side) => await openLabClient(topology.namespaces[side]),
    keep,
    close,
  };
}

/** Every lab of this machine. */
export function listLabs(): LabSummary[] {
  const there = new Set(listNamespaces());
  return readLabs().map((state) => {
    const whole = Object.values(state.namespaces).every((name) => there.has(name));
    return { ...state, condition: isOrphan(state) ? "stale" : whole ? "up" : "broken" };
  });
}

/** Takes a lab down, whoever owns it; its own reaper ends too. */
export function takeDownLab(id: string): void {
  const state = readLab(id);
  if (state === undefined) throw unknownLab(id);
  dismantleLab(state);
  reapStaleLabs();
}

/** Runs a program in one of the lab's namespaces with our own terminal; gives its exit status. */
export function execInLab(id: string, side: LabSide, argv: readonly [string, ...string[]]): Promise<number> {
  reapStaleLabs();
  const state = readLab(id);
  if (state === undefined) throw unknownLab(id);
  const [command, ...args] = argv;
  const child = spawnInNamespace(state.namespaces[side], command, args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      reject(
        new LabError("lab-program-failed", `cannot run ${command} in lab ${id}: ${error.message}`, "is it installed?"),
      );
    });
    // As a shell has it: 128 and the signal's number; a signal we cannot number counts as 128.
    child.on("close", (status) => resolve(status ?? 128));
  });
}

/** Writes the lab down as ours before there is anything of it. */
function claim(gateway: string, id: string | undefined): LabState {
  if (id !== undefined && !isLabId(id)) {
    throw new LabError("lab-id", `${JSON.stringify(id)} is no id for a lab`, "use up to 16 of a-z, 0-9 and -");
  }
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new TypeError("a process that runs has a number");
  const there = new Set(listNamespaces());
  for (;;) {
    const chosen = id ?? madeUpId();
    const namespaces = labNamespaces(chosen);
    // A namespace of that name which no lab has is somebody else's: it must not be taken for ours when cleaning up.
    const foreign =
      readLab(chosen) === undefined ? Object.values(namespaces).find((name) => there.has(name)) : undefined;
    const created = new Date().toISOString();
    const state: LabState = { version: 1, id: chosen, gateway, namespaces, created, owner };
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

async function startServices(topology: LabTopology): Promise<void> {
  const io = { stdin: "ignore", stdout: "ignore" } as const;
  await Promise.all(
    (["inside", "outside"] as const).flatMap((side) => [
      startLabProgram(topology.namespaces[side], "services/streams-main", topology.services[side], io),
      startLabProgram(topology.namespaces[side], "services/datagrams-main", topology.services[side], io),
    ]),
  );
}

function unknownLab(id: string): LabError {
  return new LabError("lab-unknown", `there is no lab ${id}`, "`meganat lab list` shows the labs there are");
}
