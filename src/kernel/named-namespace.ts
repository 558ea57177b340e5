import { closeSync, mkdirSync, openSync, readdirSync, statfsSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import { KernelError } from "./error.ts";
import { checkCall, kernelErrorFromErrno, kernelErrorFromNode, lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";

/** Where iproute2 keeps its namespaces; on every current distribution /var/run is /run. */
const DIRECTORY = "/run/netns";

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SHARED = 0x100000;
const MNT_DETACH = 2;
const LOCK_EX = 2;
/** statfs(2) of a file under /proc/PID/ns. */
const NSFS_MAGIC = 0x6e736673;

/** The file that stands for the namespace; throws if no file can have the name. */
export function namespacePath(name: string): string {
  if (!/^(?!\.{1,2}$)[^/\0]{1,255}$/.test(name)) {
    throw new KernelError("kernel-rejected", "not a name for a network namespace", {
      tried: `use network namespace ${JSON.stringify(name)}`,
      errno: constants.errno.EINVAL,
      remedy: "use 1 to 255 characters without a slash",
    });
  }
  return `${DIRECTORY}/${name}`;
}

/** Makes a network namespace that `ip netns` knows too; its loopback is down. Throws `kernel-exists`. */
export function createNamespace(name: string): void {
  const path = namespacePath(name);
  const tried = `create network namespace ${name}`;
  withDirectoryLock(tried, () => {
    shareDirectory(tried);
    createMountPoint(path, tried);
    try {
      bindNewNamespace(path, tried);
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
  });
}

/** Takes the name away; the namespace itself goes when no process and no socket is left in it. Throws `kernel-not-found`. */
export function deleteNamespace(name: string): void {
  const path = namespacePath(name);
  const tried = `delete network namespace ${name}`;
  // More than one mount lies there when somebody bound twice; EINVAL says that none is left.
  while (libc.umount2(path, MNT_DETACH) === 0);
  const errno = lastErrno();
  if (errno !== constants.errno.EINVAL) throw kernelErrorFromErrno(tried, errno);
  try {
    unlinkSync(path);
  } catch (error) {
    throw kernelErrorFromNode(tried, error);
  }
}

/** Names of the namespaces `ip netns` would know, sorted; files left behind without a namespace are not among them. */
export function listNamespaces(): string[] {
  let names: string[];
  try {
    names = readdirSync(DIRECTORY);
  } catch {
    return [];
  }
  return names.filter((name) => isNamespaceFile(`${DIRECTORY}/${name}`)).toSorted();
}

function isNamespaceFile(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * One at a time on this machine: two processes at once would stack two bind mounts on the directory, or take the other's
 * file for one left behind.
 */
function withDirectoryLock(tried: string, run: () => void): void {
  let lock: number;
  try {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 });
    lock = openSync(DIRECTORY, "r");
  } catch (error) {
    throw kernelErrorFromNode(tried, error);
  }
  try {
    checkCall(libc.flock(lock, LOCK_EX), tried);
    run();
  } finally {
    closeSync(lock);
  }
}

/**
 * As iproute2 does: the directory becomes a shared mount, so that namespaces made or deleted here appear or vanish in
 * every mount namespace. Without it a daemon started earlier would hold deleted namespaces for ever.
 */
function shareDirectory(tried: string): void {
  if (libc.mount("", DIRECTORY, "none", MS_SHARED | MS_REC, null) === 0) return;
  // EINVAL: it is not a mount point yet.
  const errno = lastErrno();
  if (errno !== constants.errno.EINVAL) throw kernelErrorFromErrno(tried, errno);
  checkCall(libc.mount(DIRECTORY, DIRECTORY, "none", MS_BIND | MS_REC, null), tried);
  checkCall(libc.mount("", DIRECTORY, "none", MS_SHARED | MS_REC, null), tried);
}

/** Creates the empty file to mount on; one left behind by a crash or a reboot is taken over. */
function createMountPoint(path: string, tried: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      closeSync(openSync(path, "ax", 0));
      return;
    } catch (error) {
      const leftover = attempt === 0 && error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!leftover || isNamespaceFile(path)) throw kernelErrorFromNode(tried, error);
      unlinkSync(path);
    }
  }
}

function bindNewNamespace(path: string, tried: string): void {
  const home = openSync("/proc/thread-self/ns/net", "r");
  try {
    // Before unshare: a thread that could not come back must not leave.
    checkCall(libc.setns(home, CLONE_NEWNET), tried);
    checkCall(libc.unshare(CLONE_NEWNET), tried);
    try {
      checkCall(libc.mount("/proc/thread-self/ns/net", path, "none", MS_BIND, null), tried);
    } finally {
      checkCall(libc.setns(home, CLONE_NEWNET), `come back from the new network namespace ${path}`);
    }
  } finally {
    closeSync(home);
  }
}
