import { readFileSync } from "node:fs";
import { kernelErrorFromNode } from "../ffi/errno.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";

/**
 * The text of a file below /proc/net of the namespace. Throws `kernel-not-found` where the kernel or the namespace has
 * none of the name (some are in the host's first namespace only), `kernel-permission` where only root may read it.
 */
export function readNetFile(namespace: NamespaceName, name: string): string {
  return inNamespace(namespace, () => {
    try {
      // /proc/net leads to the main thread's namespace, whichever thread asks.
      return readFileSync(`/proc/thread-self/net/${name}`, "utf8");
    } catch (error) {
      throw kernelErrorFromNode(`read ${netFileName(name)}`, error, { remedy: remedyFor(error) });
    }
  });
}

function remedyFor(error: unknown): string | undefined {
  const absent = error instanceof Error && "code" in error && error.code === "ENOENT";
  return absent
    ? "this kernel was built without it, or it is in the host's first network namespace only: ask there"
    : undefined;
}

/** What people call such a file. */
export function netFileName(name: string): string {
  return `/proc/net/${name}`;
}
