import { closeSync, constants as open, openSync, readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { KernelError } from "./error.ts";
import { kernelErrorFromErrno, kernelErrorFromNode } from "./ffi/errno.ts";
import { inNamespace, type NamespaceName } from "./namespace.ts";

/**
 * The file of a sysctl. Dots separate; a dot inside an interface's name is written as a slash, and a name that has
 * a slash before its first dot is taken as a path already: as sysctl(8) reads them.
 */
export function sysctlPath(name: string): string {
  const swapped = name.replace(/[./]/g, (separator) => (separator === "." ? "/" : "."));
  const isPath = /^[^./]*\//.test(name);
  const parts = (isPath ? name : swapped).split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\0"))) {
    throw new KernelError("kernel-rejected", "not a name of a sysctl", {
      tried: `use sysctl ${JSON.stringify(name)}`,
      errno: constants.errno.EINVAL,
      remedy: "write it as sysctl -a does: net.ipv4.ip_forward",
    });
  }
  return `/proc/sys/${parts.join("/")}`;
}

/** The value with runs of blanks folded to one space, or undefined if the namespace has no sysctl of the name. */
export function readSysctl(namespace: NamespaceName, name: string): string | undefined {
  const path = sysctlPath(name);
  return inNamespace(namespace, () => {
    try {
      return folded(readFileSync(path, "utf8"));
    } catch (error) {
      const failure = kernelErrorFromNode(`read sysctl ${name}`, error);
      if (failure instanceof KernelError && failure.errno === constants.errno.ENOENT) return undefined;
      throw failure;
    }
  });
}

/** A sysctl with its value, blanks folded, and whether this process could set it. */
export interface SysctlNow {
  readonly name: string;
  readonly value: string;
  readonly writable: boolean;
}

/**
 * Reads these sysctls in one visit to the namespace. What it does not have, or does not let us read, is left out.
 */
export function readSysctls(namespace: NamespaceName, names: readonly string[]): SysctlNow[] {
  return inNamespace(namespace, () =>
    names.flatMap((name) => {
      const path = sysctlPath(name);
      const value = readValue(path);
      return value === undefined ? [] : [{ name, value, writable: isWritable(path) }];
    }),
  );
}

/** The value in the file of a sysctl. Undefined: some refuse to be read (net.ipv4.route.flush) or are for root only. */
export function readValue(path: string): string | undefined {
  try {
    return folded(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function folded(text: string): string {
  return text.trim().replace(/[\t ]+/g, " ");
}

/** Sets the value; `kernel-read-only` if the file cannot be written here even by root, `kernel-permission` if only root may. */
export function writeSysctl(namespace: NamespaceName, name: string, value: string): void {
  const path = sysctlPath(name);
  const tried = `set sysctl ${name} to ${value}`;
  inNamespace(namespace, () => {
    try {
      const file = openSync(path, open.O_WRONLY);
      try {
        writeSync(file, `${value}\n`);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw sysctlError(tried, path, error);
    }
  });
}

/** Says whether this process could set the value now, without setting it. */
export function isSysctlWritable(namespace: NamespaceName, name: string): boolean {
  const path = sysctlPath(name);
  return inNamespace(namespace, () => isWritable(path));
}

function isWritable(path: string): boolean {
  try {
    // Opening asks the kernel's own permission hook and the mount. access(2) would leave out the capabilities of a
    // process that is not root, and opening alone sets nothing.
    closeSync(openSync(path, open.O_WRONLY));
    return true;
  } catch {
    return false;
  }
}

/** A file with mode 0444 answers EACCES even to root: that is read-only, not a lack of permission. */
function sysctlError(tried: string, path: string, error: unknown): unknown {
  const failure = kernelErrorFromNode(tried, error);
  if (!(failure instanceof KernelError)) return failure;
  if (failure.code === "kernel-permission" && process.getuid?.() === 0) {
    return kernelErrorFromErrno(tried, constants.errno.EROFS, {
      kernelSaid: failure.errno === constants.errno.EACCES ? `${path} has no write permission here` : undefined,
      remedy: "this one belongs to the host's first namespace: set it there",
    });
  }
  if (failure.code === "kernel-not-found") {
    return kernelErrorFromErrno(tried, failure.errno, {
      remedy: "this kernel has no such sysctl, or its module is not loaded yet",
    });
  }
  if (failure.errno === constants.errno.EINVAL) {
    return kernelErrorFromErrno(tried, failure.errno, { remedy: "the value is out of the range this kernel takes" });
  }
  return failure;
}
