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

/** What modprobe.d has in place of the module, if it forbids it: `install /bin/false`. Loads nothing. */
export function moduleForbiddenBy(name: string): string | undefined {
  try {
    const { status, stdout } = runInNamespace(undefined, "modprobe", ["-n", "-v", name]);
    return status === 0 ? forbiddingLine(stdout) : undefined;
  } catch {
    return undefined;
  }
}

/** The line among what `modprobe -n -v` would do that does nothing (the module's options follow it); exported for the test. */
export function forbiddingLine(steps: string): string | undefined {
  const line = steps
    .split("\n")
    .find((step) => /^install (?:(?:\/usr)?\/bin\/)?(?:true|false|:)(?: \w+=\S*)*\s*$/.test(step));
  return line?.trim();
}
