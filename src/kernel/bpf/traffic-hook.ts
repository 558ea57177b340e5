import { constants } from "node:os";
import { KernelError } from "../error.ts";
import { Descriptor } from "../ffi/descriptor.ts";
import { libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { bpfError, checkBpf } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import { pin } from "./pin.ts";
import type { BpfProgram } from "./program.ts";

/** Where on its way through an interface a packet meets the program: before the network stack, or behind it. */
export type TrafficDirection = "ingress" | "egress";

/** enum bpf_attach_type in linux/bpf.h: Linux 6.6 attaches tc programs as links. */
export const TCX = { ingress: 46, egress: 47 } as const;
/** enum bpf_tc_attach_point in bpf/libbpf.h. */
const CLSACT = { ingress: 1, egress: 2 } as const;
/** Ours among the filters that others may have there: priority and handle. */
const PRIORITY = 0x4d4e;
const HANDLE = 1;

/** A tc program at an interface. */
export interface TrafficHook {
  readonly interface: string;
  readonly direction: TrafficDirection;
  /** `link` goes when its descriptor and its names are gone; `filter` (before Linux 6.6) stays until it is removed. */
  readonly kind: "link" | "filter";
  /** Gives a link a name and lets go of it: it stays until the name is removed. Nothing for a filter. */
  pin(path: string): void;
  close(): void;
}

/** Puts a tc program in front of or behind the network stack at an interface. Throws `kernel-not-found`. */
export function attachTraffic(
  namespace: NamespaceName,
  interfaceName: string,
  direction: TrafficDirection,
  program: BpfProgram,
): TrafficHook {
  const tried = `attach tc program ${program.name} to ${direction} of ${placeName(namespace, interfaceName)}`;
  return inNamespace(namespace, () => {
    const index = interfaceIndex(interfaceName, tried);
    const link = libbpf().bpf_link_create(program.fd, index, TCX[direction], null);
    if (link >= 0) return linkHook(interfaceName, direction, new Descriptor(link));
    if (link !== -constants.errno.EINVAL) throw bpfError(tried, link);
    attachFilter(index, direction, program, tried);
    return {
      interface: interfaceName,
      direction,
      kind: "filter",
      pin: () => {},
      close: () => inNamespace(namespace, () => detachFilter(interfaceName, direction)),
    };
  });
}

/** Takes away the filter that `attachTraffic` left at an interface, if it did. */
export function detachTraffic(namespace: NamespaceName, interfaceName: string, direction: TrafficDirection): void {
  inNamespace(namespace, () => detachFilter(interfaceName, direction));
}

function linkHook(interfaceName: string, direction: TrafficDirection, descriptor: Descriptor): TrafficHook {
  return {
    interface: interfaceName,
    direction,
    kind: "link",
    pin: (path) => {
      pin(descriptor.fd, path);
      descriptor.close();
    },
    close: () => descriptor.close(),
  };
}

function attachFilter(index: number, direction: TrafficDirection, program: BpfProgram, tried: string): void {
  const hook = hookStructure(index, direction);
  const created = libbpf().bpf_tc_hook_create(hook);
  if (created < 0 && created !== -constants.errno.EEXIST) throw bpfError(tried, created);
  checkBpf(libbpf().bpf_tc_attach(hook, optionsStructure(program.fd)), tried);
}

function detachFilter(interfaceName: string, direction: TrafficDirection): void {
  const index = libc.if_nametoindex(interfaceName);
  if (index === 0) return;
  // ENOENT and EINVAL: no such filter, no clsact there. Others may use clsact, so it stays.
  libbpf().bpf_tc_detach(hookStructure(index, direction), optionsStructure(0));
}

/** struct bpf_tc_hook: size_t sz; int ifindex; enum attach_point; u32 parent. */
function hookStructure(index: number, direction: TrafficDirection): Uint8Array {
  const hook = new DataView(new ArrayBuffer(24));
  hook.setBigUint64(0, 24n, HOST_LITTLE_ENDIAN);
  hook.setInt32(8, index, HOST_LITTLE_ENDIAN);
  hook.setUint32(12, CLSACT[direction], HOST_LITTLE_ENDIAN);
  return new Uint8Array(hook.buffer);
}

/** struct bpf_tc_opts: size_t sz; int prog_fd; u32 flags, prog_id, handle, priority. */
function optionsStructure(program: number): Uint8Array {
  const options = new DataView(new ArrayBuffer(32));
  options.setBigUint64(0, 32n, HOST_LITTLE_ENDIAN);
  options.setInt32(8, program, HOST_LITTLE_ENDIAN);
  options.setUint32(20, HANDLE, HOST_LITTLE_ENDIAN);
  options.setUint32(24, PRIORITY, HOST_LITTLE_ENDIAN);
  return new Uint8Array(options.buffer);
}

function interfaceIndex(name: string, tried: string): number {
  const index = libc.if_nametoindex(name);
  if (index !== 0) return index;
  throw new KernelError("kernel-not-found", "there is no such interface", {
    tried,
    errno: constants.errno.ENODEV,
    remedy: "check the interface's name and namespace: `ip link` lists them",
  });
}

function placeName(namespace: NamespaceName, interfaceName: string): string {
  return namespace === undefined ? interfaceName : `${interfaceName} in ${namespace}`;
}
