import { rmSync } from "node:fs";
import { join } from "node:path";
import { recordDirectory } from "../apply/record-directory.ts";
import { readIfThere, writeWhole } from "../apply/whole-file.ts";
import { readNamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import type { ChangedSetting } from "./conntrack-settings.ts";
import type { MemorySize } from "./memory-size.ts";

/** By which program packets of an interface are forwarded. */
export type Path = "xdp" | "tc";

/** An interface with the fast path. */
export interface FastDevice {
  readonly name: string;
  readonly index: number;
  readonly path: Path;
  /** Why this path, if it was chosen. */
  readonly reason?: string;
}

/** What turning off needs to know, written before anything is changed. */
export interface FastPathRecord {
  readonly version: 1;
  /** The namespace's identity: after a reboot, or in another namespace of the same name, it means nothing. */
  readonly boot: string;
  readonly namespace: string;
  /** ISO 8601. */
  readonly since: string;
  readonly devices: readonly FastDevice[];
  readonly deviceFactor: number;
  readonly size: MemorySize;
  /** Of so many directions of connections it is counted what is forwarded; 0, or missing: of none. */
  readonly shares?: number;
  readonly ticksPerSecond: number;
  readonly settings: readonly ChangedSetting[];
  /** Why interfaces were left out, or what speaks against the path that was asked for, in sentences. */
  readonly objections?: readonly string[];
  /** What stays with the kernel and what counts less, in sentences: as the rules were when they were last looked at. */
  readonly notes: readonly string[];
}

/** The record of the namespace, if the fast path is on in it, or half on or off. */
export function readRecord(namespace: NamespaceName): FastPathRecord | undefined {
  const text = readIfThere(recordPath(namespace));
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as FastPathRecord;
  const here = readNamespaceIdentity(namespace);
  return record.boot === here.boot && record.namespace === here.namespace ? record : undefined;
}

/** Writes it so that a kill leaves the old one or the new. */
export function writeRecord(
  namespace: NamespaceName,
  content: Omit<FastPathRecord, "version" | "boot" | "namespace">,
): void {
  const { boot, namespace: identity } = readNamespaceIdentity(namespace);
  const record: FastPathRecord = { version: 1, boot, namespace: identity, ...content };
  const path = recordPath(namespace);
  writeWhole(recordDirectory(namespace), path, `${JSON.stringify(record, null, 2)}\n`);
}

/** Removes it, last of all. */
export function removeRecord(namespace: NamespaceName): void {
  rmSync(recordPath(namespace), { force: true });
}

function recordPath(namespace: NamespaceName): string {
  return join(recordDirectory(namespace), "fastpath");
}
