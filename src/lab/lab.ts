import type { Gateway } from "../config/gateway.ts";
import { hasFeature } from "../kernel/features.ts";
import { listNamespaces, spawnInNamespace } from "../kernel/namespace.ts";
import { loadBonding } from "../kernel/route/bond.ts";
import { buildTopology } from "./build.ts";
import { startLabProgram } from "./child.ts";
import { openLabClient, type LabClient } from "./client/lab-client.ts";
import { dismantleLab, reapStaleLabs } from "./dismantle.ts";
import { LabError } from "./error.ts";
import {
  borrowHostLimits,
  leaveHostLimit,
  lowerHostLimit,
  raiseLoweredLimits,
  type BorrowedLimits,
  type LimitWishes,
} from "./host-limits.ts";
import { beginLab } from "./life.ts";
import { replicaGateway } from "./replica-gateway.ts";
import { planTopology } from "./plan-topology.ts";
import { isOrphan, readLab, readLabs, type LabState } from "./state.ts";
import { labNamespaces, type LabSide, type LabTopology } from "./topology.ts";
import { isUnprivileged } from "./unprivileged.ts";

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
  /** Holds a limit that the whole host shares lower than it is, until `raiseLimits`: see `lowerHostLimit`. */
  lowerLimit(name: string, limit: number): void;
  /** Leaves a limit that the whole host shares to whoever sets it; it goes back with the lab, even one that is killed. */
  leaveLimit(name: string): void;
  /** Puts back what `lowerLimit` has lowered. */
  raiseLimits(): void;
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
export async function bringUpLab(wanted: Gateway, options: LabOptions): Promise<Lab> {
  reapStaleLabs();
  const life = await beginLab(wanted.name, options.id, labNamespaces);
  const hasBonds = wanted.links.some((link) => link.bond !== undefined);
  const { gateway, assumptions } = replicaGateway(wanted, hasBonds ? whyNoBonds() : undefined);
  const planned = planTopology(gateway, life.id);
  const topology = { ...planned, assumptions: [...assumptions, ...planned.assumptions] };
  try {
    buildTopology(topology);
    await startServices(topology);
    if (options.life === "until-down") await life.keep();
  } catch (error) {
    await life.close();
    throw error;
  }
  return {
    id: life.id,
    topology,
    gateway,
    borrowLimits: (wishes) => borrowHostLimits(life.id, wishes),
    lowerLimit: (name, limit) => lowerHostLimit(life.id, name, limit),
    leaveLimit: (name) => leaveHostLimit(life.id, name),
    raiseLimits: () => raiseLoweredLimits(life.id),
    openClient: async (side) => await openLabClient(topology.namespaces[side]),
    keep: () => life.keep(),
    close: () => life.close(),
  };
}

/** Why the lab makes no bonds; undefined if it can. Without root they must be there: see `loadBonding`. */
function whyNoBonds(): string | undefined {
  if (!hasFeature("bonding")) return "this kernel has no bonding";
  return isUnprivileged() && !loadBonding() ? "loading bonding needs root" : undefined;
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
