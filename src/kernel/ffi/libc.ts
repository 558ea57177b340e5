import koffi from "koffi";

/** Memory handed to the C library: the call sees the bytes themselves, not a copy. */
export type Memory = Uint8Array | null;

/** Where the bytes lie, for structs that hold pointers; keep a reference to them until the call has returned. */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

// Without a file name: the process's own symbols, so glibc and musl both do.
const process = koffi.load(null);

/** Declares a C function under its TypeScript signature; koffi checks the arguments against `definition` at run time. */
function declare<F>(definition: string): F {
  return process.func(definition) as F;
}

/**
 * The system calls that Node.js does not offer. All return what C returns: a negative number is a failure and
 * `lastErrno()` says which. They work in worker threads; those that wait (poll, recv) must only be called where
 * blocking the thread is meant.
 */
export const libc = {
  socket: declare<(domain: number, type: number, protocol: number) => number>("int socket(int, int, int)"),
  bind: declare<(fd: number, address: Memory, length: number) => number>("int bind(int, void *, uint32_t)"),
  connect: declare<(fd: number, address: Memory, length: number) => number>("int connect(int, void *, uint32_t)"),
  getsockname: declare<(fd: number, address: Memory, length: Memory) => number>("int getsockname(int, void *, void *)"),
  setsockopt: declare<(fd: number, level: number, option: number, value: Memory, length: number) => number>(
    "int setsockopt(int, int, int, void *, uint32_t)",
  ),
  send: declare<(fd: number, data: Memory, length: number, flags: number) => number>(
    "intptr_t send(int, void *, size_t, int)",
  ),
  sendto: declare<
    (fd: number, data: Memory, length: number, flags: number, address: Memory, addressLength: number) => number
  >("intptr_t sendto(int, void *, size_t, int, void *, uint32_t)"),
  recv: declare<(fd: number, data: Memory, length: number, flags: number) => number>(
    "intptr_t recv(int, void *, size_t, int)",
  ),
  poll: declare<(pollfds: Memory, count: number, timeoutMs: number) => number>("int poll(void *, unsigned long, int)"),
  close: declare<(fd: number) => number>("int close(int)"),
  ioctl: declare<(fd: number, request: number, argument: Memory) => number>("int ioctl(int, unsigned long, void *)"),
  flock: declare<(fd: number, operation: number) => number>("int flock(int, int)"),
  setns: declare<(fd: number, type: number) => number>("int setns(int, int)"),
  unshare: declare<(flags: number) => number>("int unshare(int)"),
  mount: declare<
    (source: string | null, target: string, type: string | null, flags: number, data: string | null) => number
  >("int mount(const char *, const char *, const char *, unsigned long, const char *)"),
  umount2: declare<(target: string, flags: number) => number>("int umount2(const char *, int)"),
  if_nametoindex: declare<(name: string) => number>("uint32_t if_nametoindex(const char *)"),
  /** Further arguments come in pairs of koffi type and value: `syscall(39)`, `syscall(321, "int", 0, "void *", attr)`. */
  syscall: declare<(number: number, ...typesAndValues: readonly (string | number | bigint | Memory)[]) => number>(
    "long syscall(long, ...)",
  ),
} as const;
