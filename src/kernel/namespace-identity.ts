import { readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { checkCall, kernelErrorFromErrno, lastErrno } from "./ffi/errno.ts";
import { foreignFunction } from "./ffi/koffi.ts";
import { libc } from "./ffi/libc.ts";
import { inNamespace, type NamespaceName } from "./namespace.ts";

/** Tells one network namespace from every other since the machine was installed. */
export interface NamespaceIdentity {
  /** /proc/sys/kernel/random/boot_id: a new one at every boot. */
  readonly boot: string;
  /** The kernel's own number for the namespace, never given out again before the next boot. */
  readonly namespace: string;
}

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;

const getsockopt = foreignFunction("int getsockopt(int, int, int, void *, void *)") as (
  fd: number,
  level: number,
  option: number,
  value: BigUint64Array,
  length: Uint32Array,
) => number;

/**
 * Reads who the namespace is. The inode of its file would not do: it is the lowest free number, so that a namespace
 * made right after another was deleted has the same. The cookie came with Linux 5.14; before that, inode and the time
 * the file appeared.
 */
export function readNamespaceIdentity(name: NamespaceName): NamespaceIdentity {
  return inNamespace(name, () => ({
    boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    namespace: readCookie() ?? readInode(),
  }));
}

function readCookie(): string | undefined {
  const tried = "read the cookie of the network namespace";
  const fd = checkCall(libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0), tried);
  try {
    const cookie = new BigUint64Array(1);
    const length = new Uint32Array([cookie.byteLength]);
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) === 0) return `cookie:${cookie[0]}`;
    const errno = lastErrno();
    if (errno === constants.errno.ENOPROTOOPT) return undefined;
    throw kernelErrorFromErrno(tried, errno);
  } finally {
    libc.close(fd);
  }
}

function readInode(): string {
  const stat = statSync("/proc/thread-self/ns/net", { bigint: true });
  return `inode:${stat.ino}:${stat.ctimeNs}`;
}
