import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { isProcessAlive, type ProcessIdentity } from "../kernel/process.ts";
import { LAB_DIRECTORY } from "./place.ts";
import type { LabNamespaces } from "./topology.ts";

/** What is written down of a lab, so that any later process can take it down. */
export interface LabState {
  readonly version: 1;
  readonly id: string;
  /** The gateway's name in its file. */
  readonly gateway: string;
  readonly namespaces: LabNamespaces;
  /** Time of day, ISO 8601. */
  readonly created: string;
  /** The process whose end is the lab's end; absent for one that stays until it is taken down. */
  readonly owner?: ProcessIdentity;
}

/** Writes the lab down under its id, unless there is one of that id: then false. Others see all of it or nothing. */
export function claimLab(state: LabState): boolean {
  mkdirSync(LAB_DIRECTORY, { recursive: true, mode: 0o755 });
  const draft = `${statePath(state.id)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  try {
    linkSync(draft, statePath(state.id));
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Replaces what is written down of the lab. */
export function rewriteLab(state: LabState): void {
  const draft = `${statePath(state.id)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, statePath(state.id));
}

/** What is written down of the lab, or undefined. */
export function readLab(id: string): LabState | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(statePath(id), "utf8"));
    return isLabState(state) ? state : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Every lab written down, by id. */
export function readLabs(): LabState[] {
  let files: string[];
  try {
    files = readdirSync(LAB_DIRECTORY);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
  return files
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => readLab(file.slice(0, -".json".length)))
    .filter((state) => state !== undefined);
}

/** Strikes the lab from the record. */
export function forgetLab(id: string): void {
  try {
    unlinkSync(statePath(id));
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/** Says whether the lab belongs to a process that has ended. */
export function isOrphan(state: LabState): boolean {
  return state.owner !== undefined && !isProcessAlive(state.owner);
}

/** Ids are part of namespace and file names. */
export function isLabId(id: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,15}$/.test(id);
}

function statePath(id: string): string {
  return `${LAB_DIRECTORY}/${id}.json`;
}

function isLabState(value: unknown): value is LabState {
  return (
    typeof value === "object" &&
    value !== null &&
    "version" in value &&
    value.version === 1 &&
    "id" in value &&
    typeof value.id === "string" &&
    isLabId(value.id) &&
    "namespaces" in value
  );
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
