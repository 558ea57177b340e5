import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import { KernelError, type KernelErrorCode } from "../error.ts";
import { beyondGate } from "./gate.ts";
import { koffi } from "./koffi.ts";

/** Kernel-internal, yet netlink and bpf let it through to us; in no C library's table. */
const ENOTSUPP = 524;

const NAMES = new Map<number, string>(Object.entries(constants.errno).map(([name, value]) => [value, name]));
// Linux gives two names to these numbers; the table above keeps the last one.
NAMES.set(constants.errno.EAGAIN, "EAGAIN");
NAMES.set(constants.errno.EOPNOTSUPP, "EOPNOTSUPP");
NAMES.set(ENOTSUPP, "ENOTSUPP");

const CODES = new Map<string, KernelErrorCode>([
  ["EPERM", "kernel-permission"],
  ["EACCES", "kernel-permission"],
  ["ENOENT", "kernel-not-found"],
  ["ESRCH", "kernel-not-found"],
  ["ENODEV", "kernel-not-found"],
  ["ENXIO", "kernel-not-found"],
  ["EADDRNOTAVAIL", "kernel-not-found"],
  ["EEXIST", "kernel-exists"],
  ["EBUSY", "kernel-busy"],
  ["EAGAIN", "kernel-busy"],
  ["EOPNOTSUPP", "kernel-not-supported"],
  ["ENOTSUPP", "kernel-not-supported"],
  ["ENOSYS", "kernel-not-supported"],
  ["EAFNOSUPPORT", "kernel-not-supported"],
  ["EPROTONOSUPPORT", "kernel-not-supported"],
  ["EROFS", "kernel-read-only"],
  ["ENOMEM", "kernel-no-memory"],
  ["ENOBUFS", "kernel-no-memory"],
  ["EINTR", "kernel-interrupted"],
]);

const REMEDIES: Readonly<Record<KernelErrorCode, string>> = {
  "kernel-permission": "run as root, or give the process CAP_NET_ADMIN (and CAP_SYS_ADMIN for namespaces)",
  "kernel-not-found": "check that the interface, namespace or object still exists and is spelled so",
  "kernel-exists": "it is there already: remove it first, or leave it as it is",
  "kernel-busy": "something else holds it: wait a moment and try again",
  "kernel-not-supported": "this kernel lacks it: `meganat features` names what would bring it",
  "kernel-rejected": "the kernel did not accept these values: see its words above, or `dmesg`",
  "kernel-read-only":
    "it is read-only here: in a container start it with /proc/sys writable (--privileged), or set it on the host",
  "kernel-no-memory": "the kernel had no memory or buffer space for it: free some and try again",
  "kernel-interrupted": "a signal interrupted it: try again",
  "kernel-malformed": "this is a defect: report it with the kernel's release (`uname -r`)",
  "program-missing": "install the program and put it in PATH",
  "program-failed": "see what the program printed",
};

/** Where an errno says more than its kind. */
const REMEDIES_BY_NAME = new Map<string, string>([
  ["ENETUNREACH", "the next hop lies in no network of this namespace: add an address of that network first"],
  ["ENETDOWN", "set the interface up first"],
  ["ENODEV", "check the interface: `ip link` shows those there are"],
]);

/** The errno the calling thread's last foreign call left behind; ask right after the call. */
export function lastErrno(): number {
  return beyondGate(() => koffi().errno());
}

/** The constant's name: 1 gives `EPERM`; a number without a name gives `errno 4095`. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** Name and words, for people: `EPERM: operation not permitted`. */
export function errnoText(errno: number): string {
  if (errno === ENOTSUPP) return "ENOTSUPP: operation is not supported";
  const words = getSystemErrorMap().get(-errno)?.[1];
  return words === undefined ? errnoName(errno) : `${errnoName(errno)}: ${words}`;
}

/** What may be known beyond the errno. */
export interface ErrnoDetail {
  readonly kernelSaid?: string | undefined;
  /** In place of the usual remedy for the errno. */
  readonly remedy?: string | undefined;
}

/** Makes the error for a positive errno; `tried` is a sentence without a full stop. */
export function kernelErrorFromErrno(tried: string, errno: number, detail: ErrnoDetail = {}): KernelError {
  const name = errnoName(errno);
  const code = CODES.get(name) ?? "kernel-rejected";
  return new KernelError(code, errnoText(errno), {
    tried,
    errno,
    ...(detail.kernelSaid === undefined ? {} : { kernelSaid: detail.kernelSaid }),
    remedy: detail.remedy ?? REMEDIES_BY_NAME.get(name) ?? REMEDIES[code],
  });
}

/** Turns the failure of a `node:fs` or `node:child_process` call into ours; others pass through unchanged. */
export function kernelErrorFromNode(tried: string, error: unknown, detail: ErrnoDetail = {}): unknown {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return error;
  return kernelErrorFromErrno(tried, Math.abs(error.errno), detail);
}

/** Gives the result of a system call back, or throws what errno says if it is negative. Call it with the call inline. */
export function checkCall(result: number, tried: string, detail: ErrnoDetail = {}): number {
  if (result < 0) throw kernelErrorFromErrno(tried, lastErrno(), detail);
  return result;
}
