import { readdirSync, type Dirent } from "node:fs";
import { inNamespace, type NamespaceName } from "./namespace.ts";
import { readValue, sysctlPath } from "./sysctl.ts";

/** A sysctl with its value, blanks folded. */
export interface SysctlReading {
  /** In dots; a dot inside an interface's name as a slash. */
  readonly name: string;
  readonly value: string;
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
    const value = readValue(`${directory}/${entry.name}`);
    return value === undefined ? [] : [{ name: `${parent}.${entry.name}`, value }];
  });
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
