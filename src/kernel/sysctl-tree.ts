import { accessSync, constants, readdirSync, readFileSync, type Dirent } from "node:fs";
import { inNamespace, type NamespaceName } from "./namespace.ts";
import { sysctlPath } from "./sysctl.ts";

/** A sysctl with its value, blanks folded. */
export interface SysctlReading {
  /** In dots; a dot inside an interface's name as a slash. */
  readonly name: string;
  readonly value: string;
  readonly writable: boolean;
}

/**
 * Reads every sysctl directly below the given ones (`net.ipv4.conf.all`), in one visit to the namespace.
 * What the namespace does not have, or does not let us read, is left out.
 */
export function readSysctlsBelow(namespace: NamespaceName, parents: readonly string[]): SysctlReading[] {
  return inNamespace(namespace, () => parents.flatMap(readDirectory));
}

function readDirectory(parent: string): SysctlReading[] {
  const directory = sysctlPath(parent);
  return entriesOf(directory).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const path = `${directory}/${entry.name}`;
    const value = readValue(path);
    return value === undefined ? [] : [{ name: `${parent}.${entry.name}`, value, writable: isWritable(path) }];
  });
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Some refuse to be read (net.ipv4.route.flush) or are for root only. */
function readValue(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
      .trim()
      .replace(/[\t ]+/g, " ");
  } catch {
    return undefined;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
