import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { KernelError } from "./error.ts";
import { checkCall, kernelErrorFromErrno, kernelErrorFromNode, lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";
import { namespacePath } from "./named-namespace.ts";

export { createNamespace, deleteNamespace, listNamespaces } from "./named-namespace.ts";

/** A namespace known to `ip netns`; undefined is the one the calling thread is in. */
export type NamespaceName = string | undefined;

const CLONE_NEWNET = 0x40000000;
/** Node refuses to buffer more than 1 MB of a child's output by default; a ruleset of 100,000 elements has 10 MB. */
const MAX_OUTPUT_BYTES = 1 << 30;

/** Once per thread: set when this thread has shown that it may come back to where it is. */
let mayReturn = false;

/**
 * Runs a function inside a network namespace and comes back, whatever happens.
 *
 * setns(2) moves the calling thread only. So inside `run` everything must be synchronous: libuv's pool threads stay
 * outside (and, if first started inside, would stay inside for good). Sockets, child processes and worker threads made
 * inside belong to the namespace for as long as they live. Throws a TypeError if `run` returns a promise.
 */
export function inNamespace<T>(name: NamespaceName, run: () => T): T {
  if (name === undefined) return refusePromise(run());
  return visit(() => openNamespace(name), `network namespace ${name}`, run);
}

/** As `inNamespace`, in the network namespace of a process, which may have no name. Throws `kernel-not-found`. */
export function inNamespaceOf<T>(process: number, run: () => T): T {
  const words = `the network namespace of process ${process}`;
  const open = (): number => {
    try {
      return openSync(`/proc/${process}/ns/net`, "r");
    } catch (error) {
      throw kernelErrorFromNode(`open ${words}`, error);
    }
  };
  return visit(open, words, run);
}

function visit<T>(open: () => number, words: string, run: () => T): T {
  const home = openNamespace(undefined);
  try {
    const target = open();
    try {
      ensureReturn(home);
      checkCall(libc.setns(target, CLONE_NEWNET), `enter ${words}`);
    } finally {
      closeSync(target);
    }
    try {
      return refusePromise(run());
    } finally {
      checkCall(libc.setns(home, CLONE_NEWNET), `come back from ${words}`);
    }
  } finally {
    closeSync(home);
  }
}

/**
 * Runs a function inside a network namespace made for it alone, which has no name and is gone when `run` returns or the
 * process ends. Rules as for `inNamespace`.
 */
export function inThrowawayNamespace<T>(run: () => T): T {
  const home = openNamespace(undefined);
  try {
    ensureReturn(home);
    checkCall(libc.unshare(CLONE_NEWNET), "make a network namespace");
    try {
      return refusePromise(run());
    } finally {
      checkCall(libc.setns(home, CLONE_NEWNET), "come back from a network namespace");
    }
  } finally {
    closeSync(home);
  }
}

/** Starts a program whose network is the namespace; it stays there. Failure to start is the child's `error` event. */
export function spawnInNamespace(
  name: NamespaceName,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return inNamespace(name, () => spawn(command, args, options));
}

/** What a program left behind. */
export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; 128 and the signal's number if a signal ended it. */
  readonly status: number;
}

/** Runs a program inside the namespace to its end; throws `program-missing` if it is not there, not if it fails. */
export function runInNamespace(
  name: NamespaceName,
  command: string,
  args: readonly string[],
  options: { readonly input?: string } = {},
): ProgramResult {
  const result = inNamespace(name, () =>
    spawnSync(command, args, {
      input: options.input ?? "",
      encoding: "utf8",
      maxBuffer: MAX_OUTPUT_BYTES,
      // We read what programs print, so it must be in English.
      env: { ...process.env, LC_ALL: "C", PATH: searchPath(process.env["PATH"]) },
    }),
  );
  // EPIPE: the program ended without reading its input; its status and words tell more.
  if (result.error !== undefined && !("code" in result.error && result.error.code === "EPIPE")) {
    throw programError(command, result.error);
  }
  return { stdout: result.stdout, stderr: result.stderr, status: result.status ?? 128 };
}

/**
 * Says whether the namespace is the host's first one, whose limits count for all others.
 * The kernel registers the device backlog's sysctl in the first namespace only (net/core/sysctl_net_core.c), so this
 * holds without permission and inside containers, where pid 1 is not the host's.
 */
export function isHostNamespace(name: NamespaceName): boolean {
  return inNamespace(name, () => existsSync("/proc/sys/net/core/netdev_max_backlog"));
}

function refusePromise<T>(result: T): T {
  if (result instanceof Promise) {
    // Nobody will await it: keep its rejection from ending the process before our own error is seen.
    result.catch(() => undefined);
    throw new TypeError("a function run inside a network namespace must be synchronous");
  }
  return result;
}

/** Opens a namespace, for calls that want it as a descriptor; the caller closes it with `closeSync`. */
export function openNamespace(name: NamespaceName): number {
  try {
    return openSync(name === undefined ? "/proc/thread-self/ns/net" : namespacePath(name), "r");
  } catch (error) {
    throw kernelErrorFromNode(`open network namespace ${name ?? "of this thread"}`, error, {
      remedy:
        name === undefined ? undefined : `\`ip netns list\` shows the namespaces there are; is ${name} one of them?`,
    });
  }
}

/**
 * Entering may be allowed and coming back not: a process in a user namespace does not own the host's network
 * namespace. Going from home to home asks the same question without moving.
 */
function ensureReturn(home: number): void {
  if (mayReturn) return;
  if (libc.setns(home, CLONE_NEWNET) < 0) {
    throw kernelErrorFromErrno("leave the present network namespace", lastErrno(), {
      remedy:
        "run as root, or in a user namespace with a network namespace of its own: unshare --user --map-root-user --net --mount",
    });
  }
  mayReturn = true;
}

/** A plain user's PATH, and that of cron, often lacks the directories where nft and ip lie. */
function searchPath(path = "/usr/bin:/bin"): string {
  const directories = path.split(":");
  return directories.includes("/usr/bin") && !directories.includes("/usr/sbin") ? `${path}:/usr/sbin:/sbin` : path;
}

function programError(command: string, error: Error): unknown {
  const failure = kernelErrorFromNode(`run ${command}`, error);
  if (!(failure instanceof KernelError) || failure.code !== "kernel-not-found") return failure;
  return new KernelError("program-missing", "it is not installed", {
    tried: failure.tried,
    errno: failure.errno,
    remedy: `install the package that has ${command} (Debian: \`apt-get install ${packageOf(command)}\`)`,
  });
}

/** Debian's packages, where they are not called like the program. */
const PACKAGES: Readonly<Record<string, string>> = {
  nft: "nftables",
  ip: "iproute2",
  tc: "iproute2",
  ss: "iproute2",
  ab: "apache2-utils",
  "iptables-restore": "iptables",
  taskset: "util-linux",
};

function packageOf(command: string): string {
  return PACKAGES[command] ?? command;
}
