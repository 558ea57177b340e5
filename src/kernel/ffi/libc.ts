import koffi from "koffi";

/** Memory handed to the C library: the call sees the bytes themselves, not a copy. */
export type Memory = Uint8Array | null;

/** Where the bytes lie, for structs that hold pointers; keep a reference to them until the call has returned. */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

// Without a file name: the process's own symbols, so glibc and musl both do.
const own = koffi.load(null);

/**
 * The system calls that Node.js does not offer. All return what C returns: a negative number is a failure and
 * `lastErrno()` says which. They work in worker threads; those that wait (poll, recv) must only be called where
 * blocking the thread is meant.
 */
export const libc = {
  socket: own.func("int socket(int, int, int)") as (domain: number, type: number, protocol: number) => number,
  bind: own.func("int bind(int, void *, uint32_t)") as (fd: number, address: Memory, length: number) => number,
  connect: own.func("int connect(int, void *, uint32_t)") as (fd: number, address: Memory, length: number) => number,
  getsockname: own.func("int getsockname(int, void *, void *)") as (
    fd: number,
    address: Memory,
    length: Memory,
  ) => number,
  setsockopt: own.func("int setsockopt(int, int, int, void *, uint32_t)") as (
    fd: number,
    level: number,
    option: number,
    value: Memory,
    length: number,
  ) => number,
  getsockopt: own.func("int getsockopt(int, int, int, void *, void *)") as (
    fd: number,
    level: number,
    option: number,
    value: Memory,
    length: Memory,
  ) => number,
  send: own.func("intptr_t send(int, void *, size_t, int)") as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
  ) => number,
  sendto: own.func("intptr_t sendto(int, void *, size_t, int, void *, uint32_t)") as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
    address: Memory,
    addressLength: number,
  ) => number,
  recv: own.func("intptr_t recv(int, void *, size_t, int)") as (
    fd: number,
    data: Memory,
    length: number,
    flags: number,
  ) => number,
  recvmmsg: own.func("int recvmmsg(int, void *, unsigned int, int, void *)") as (
    fd: number,
    messages: Memory,
    count: number,
    flags: number,
    timeout: Memory,
  ) => number,
  poll: own.func("int poll(void *, unsigned long, int)") as (
    pollfds: Memory,
    count: number,
    timeoutMs: number,
  ) => number,
  close: own.func("int close(int)") as (fd: number) => number,
  ioctl: own.func("int ioctl(int, unsigned long, void *)") as (fd: number, request: number, argument: Memory) => number,
  flock: own.func("int flock(int, int)") as (fd: number, operation: number) => number,
  sched_setaffinity: own.func("int sched_setaffinity(int, size_t, void *)") as (
    pid: number,
    length: number,
    mask: Memory,
  ) => number,
  setns: own.func("int setns(int, int)") as (fd: number, type: number) => number,
  unshare: own.func("int unshare(int)") as (flags: number) => number,
  mount: own.func("int mount(const char *, const char *, const char *, unsigned long, const char *)") as (
    source: string | null,
    target: string,
    type: string | null,
    flags: number,
    data: string | null,
  ) => number,
  umount2: own.func("int umount2(const char *, int)") as (target: string, flags: number) => number,
  if_nametoindex: own.func("uint32_t if_nametoindex(const char *)") as (name: string) => number,
  /** Further arguments come in pairs of koffi type and value: `syscall(39)`, `syscall(321, "int", 0, "void *", attr)`. */
  syscall: own.func("long syscall(long, ...)") as (
    number: number,
    ...typesAndValues: readonly (string | number | bigint | Memory)[]
  ) => number,
} as const;
