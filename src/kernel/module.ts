import { runInNamespace } from "./namespace.ts";

/**
 * Loads a kernel module with what it needs; built in or loaded already is as good. Says whether it is there now: false
 * without permission, without the module, or where modprobe is not installed.
 */
export function loadModule(name: string, parameters: readonly string[] = []): boolean {
  try {
    return runInNamespace(undefined, "modprobe", ["-q", name, ...parameters]).status === 0;
  } catch {
    return false;
  }
}
