import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { KernelError } from "../error.ts";
import { checkCall, kernelErrorFromNode } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";

/* Numbers that all architectures share (include/uapi/asm-generic/unistd.h); Linux 5.2. */
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;

/** A view of /sys with the interfaces of one network namespace. */
export class Sysfs {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The trimmed text of a file; undefined if it is not there or the kernel has nothing to say in it. */
  read(path: string): string | undefined {
    try {
      return readFileSync(`${this.#root}/${path}`, "utf8").trim();
    } catch {
      return undefined;
    }
  }

  /** Names in a directory, sorted as numbers count; none if it is not there. */
  list(path: string): string[] {
    try {
      return readdirSync(`${this.#root}/${path}`).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    } catch {
      return [];
    }
  }

  write(path: string, text: string): void {
    try {
      const file = openSync(`${this.#root}/${path}`, "r+");
      try {
        writeSync(file, `${text}\n`);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw kernelErrorFromNode(`write ${text} to /sys/${path}`, error);
    }
  }
}

/**
 * Lends a view of the namespace's /sys. The one that is mounted shows the interfaces of whoever mounted it, so a sysfs
 * of our own is made in the namespace and mounted nowhere. Where that is not allowed, the mounted one must do.
 */
export function withSysfs<T>(namespace: NamespaceName, run: (sysfs: Sysfs) => T): T {
  let mount: number;
  try {
    mount = inNamespace(namespace, detachedSysfs);
  } catch (error) {
    if (namespace !== undefined || !(error instanceof KernelError)) throw error;
    return run(new Sysfs("/sys"));
  }
  try {
    return run(new Sysfs(`/proc/self/fd/${mount}`));
  } finally {
    closeSync(mount);
  }
}

function detachedSysfs(): number {
  const tried = "see the network interfaces in sysfs";
  const name = Buffer.from("sysfs\0");
  const context = checkCall(libc.syscall(SYS_FSOPEN, "void *", name, "uint", FSOPEN_CLOEXEC), tried);
  try {
    const create = ["int", context, "uint", FSCONFIG_CMD_CREATE, "void *", null, "void *", null, "int", 0] as const;
    checkCall(libc.syscall(SYS_FSCONFIG, ...create), tried);
    return checkCall(libc.syscall(SYS_FSMOUNT, "int", context, "uint", FSMOUNT_CLOEXEC, "uint", 0), tried);
  } finally {
    closeSync(context);
  }
}
