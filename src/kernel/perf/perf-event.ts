import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";
import type { BpfProgram } from "../bpf/program.ts";
import { KernelError } from "../error.ts";
import { Descriptor } from "../ffi/descriptor.ts";
import { checkCall, errnoText, lastErrno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";

const SYS_PERF_EVENT_OPEN = arch() === "x64" ? 298 : 241;
const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_CPU_CLOCK = 0;
/** PERF_ATTR_SIZE_VER0: all that is needed here. */
const ATTRIBUTE_BYTES = 64;
/** Bits of perf_event_attr: do not start yet; the sampling figure is a frequency. */
const DISABLED = 1n << 0n;
const FREQUENCY = 1n << 10n;
const EVERY_PROCESS = -1;
const NO_GROUP = -1;
const PERF_FLAG_FD_CLOEXEC = 8;
const PERF_EVENT_IOC_ENABLE = 0x2400;
const PERF_EVENT_IOC_SET_BPF = 0x40042408;

/** Of a list as in /sys/devices/system/cpu/online, `0-3,8`, the numbers. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** The processors that are at work now. */
export function onlineCpus(): number[] {
  try {
    return parseCpuList(readFileSync("/sys/devices/system/cpu/online", "utf8"));
  } catch {
    // Without /sys: all the same, unless some were switched off.
    return cpus().map((_, index) => index);
  }
}

/** Runs a program `frequency` times a second on one processor, whatever it does then, until the descriptor is closed. */
export function attachToClock(program: BpfProgram, cpu: number, frequency: number): Descriptor {
  const tried = `sample processor ${cpu}`;
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  attribute.setUint32(0, PERF_TYPE_SOFTWARE, HOST_LITTLE_ENDIAN);
  attribute.setUint32(4, ATTRIBUTE_BYTES, HOST_LITTLE_ENDIAN);
  attribute.setBigUint64(8, BigInt(PERF_COUNT_SW_CPU_CLOCK), HOST_LITTLE_ENDIAN);
  attribute.setBigUint64(16, BigInt(frequency), HOST_LITTLE_ENDIAN);
  attribute.setBigUint64(40, DISABLED | FREQUENCY, HOST_LITTLE_ENDIAN);
  const event = openEvent(new Uint8Array(attribute.buffer), cpu, tried);
  try {
    control(event, PERF_EVENT_IOC_SET_BPF, program.fd, tried);
    control(event, PERF_EVENT_IOC_ENABLE, 0, tried);
  } catch (error) {
    event.close();
    throw error;
  }
  return event;
}

function openEvent(attribute: Uint8Array, cpu: number, tried: string): Descriptor {
  const fd = libc.syscall(
    SYS_PERF_EVENT_OPEN,
    "void *",
    attribute,
    "int",
    EVERY_PROCESS,
    "int",
    cpu,
    "int",
    NO_GROUP,
    "unsigned long",
    PERF_FLAG_FD_CLOEXEC,
  );
  if (fd >= 0) return new Descriptor(fd);
  const errno = lastErrno();
  if (errnoText(errno).startsWith("EACCES") || errnoText(errno).startsWith("EPERM")) throw notAllowed(tried, errno);
  throw new KernelError("kernel-not-supported", errnoText(errno), {
    tried,
    errno,
    remedy: "a kernel with CONFIG_PERF_EVENTS is needed; `meganat features` says what this one has",
  });
}

function notAllowed(tried: string, errno: number): KernelError {
  return new KernelError("kernel-permission", errnoText(errno), {
    tried,
    errno,
    remedy:
      "run as root of the host, or with CAP_PERFMON and CAP_BPF; containers forbid perf_event_open(2) by default, and kernel.perf_event_paranoid above 2 forbids it to all but root",
  });
}

function control(event: Descriptor, request: number, value: number, tried: string): void {
  // ioctl(2) takes a number here where libc.ioctl takes memory.
  const result = libc.syscall(arch() === "x64" ? 16 : 29, "int", event.fd, "unsigned long", request, "long", value);
  checkCall(result, tried);
}
