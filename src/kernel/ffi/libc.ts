import { beyondGate } from "./gate.ts";
import { foreignFunction, koffi } from "./koffi.ts";

/** Memory handed to the C library: the call sees the bytes themselves, not a copy. */
export type Memory = Uint8Array | null;

/** Where the bytes lie, for structs that hold pointers; keep a reference to them until the call has returned. */
export function addressOf(bytes: Uint8Array): bigint {
  return beyondGate(() => koffi().address(bytes));
}

/**
 * The system calls that Node.js does not offer. All return what C returns: a negative number is a failure and
 * `lastErrno()` says which. They work in worker threads; those that wait (poll, recv) must only be called where
 * blocking the thread is meant.
 */
export const libc = {
  socket: foreignFunction("int socket(int, int, int)") as (domain: number, type: number, protocol: number) => number,
  bind: foreignFunction("int bind(int, void *, uint32_t)") as (fd: number, address: Memory, length: number) => number,
  connect: foreignFunction("int connect(int, void *, uint32_t)") as (
    fd: number,
    address: Memory,
    length: number,
  ) => number,
  getsockname: foreignFunction("int getsockname(int, void *, void *)") as (
    fd: number,
    address: Memory,
    length: Memory,
  ) => number,
  setsockopt: foreignFunction("int setsockopt(int, int, int, void *, uint32_t)") as (
    fd: number,
    level: number,
    option: number,
    value: Memory,
    length: number,
  ) => number,
  getsockopt: foreignFunction("int getsockopt(int, int, int, void *, void *)") as (
    fd: number,
    level: number,
    option: number,
    value: Memory,
    length: Memory,
  ) => number,
  send: foreignFunction("intptr_t send(int, void *, size_t, int)") as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
  ) => number,
  sendto: foreignFunction("intptr_t sendto(int, void *, size_t, int, void *, uint32_t)") as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
    address: Memory,
    addressLength: number,
  ) => number,
  recv: foreignFunction("intptr_t recv(int, void *, size_t, int)") as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
  ) => number,
  recvmmsg: foreignFunction("int recvmmsg(int, void *, unsigned int, int, void *)") as (
    fd: number,
    messages: Memory,
    count: number,
    flags: number,
    timeout: Memory,
  ) => number,
  poll: foreignFunction("int poll(void *, unsigned long, int)") as (
    pollfds: Memory,
    count: number,
    timeoutMs: number,
  ) => number,
  close: foreignFunction("int close(int)") as (fd: number) => number,
  ioctl: foreignFunction("int ioctl(int, unsigned long, void *)") as (
    fd: number,
    request: number,
    argument: Memory,
  ) => number,
  flock: foreignFunction("int flock(int, int)") as (fd: number, operation: number) => number,
  sched_setaffinity: foreignFunction("int sched_setaffinity(int, size_t, void *)") as (
    pid: number,
    length: number,
    mask: Memory,
  ) => number,
  setns: foreignFunction("int setns(int, int)") as (fd: number, type: number) => number,
  unshare: foreignFunction("int unshare(int)") as (flags: number) => number,
  mount: foreignFunction("int mount(const char *, const char *, const char *, unsigned long, const char *)") as (
    source: string | null,
    target: string,
    type: string | null,
    flags: number,
    data: string | null,
  ) => number,
  umount2: foreignFunction("int umount2(const char *, int)") as (target: string, flags: number) => number,
  if_nametoindex: foreignFunction("uint32_t if_nametoindex(const char *)") as (name: string) => number,
  /** Further arguments come in pairs of koffi type and value: `syscall(39)`, `syscall(321, "int", 0, "void *", attr)`. */
  syscall: foreignFunction("long syscall(long, ...)") as (
    number: number,
    ...typesAndValues: readonly (string | number | bigint | Memory)[]
  ) => number,
} as const;
