import { KernelError } from "../error.ts";
import { Descriptor } from "../ffi/descriptor.ts";
import { libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { bpfError } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import { pin } from "./pin.ts";
import type { BpfProgram } from "./program.ts";

/** enum bpf_attach_type in linux/bpf.h. */
export const BPF_XDP = 37;

/** An XDP program on an interface. Unless kept by a name, it leaves with `close` and when the process ends, however it ends. */
export interface XdpAttachment {
  readonly interface: string;
  /** Keeps it past the end of the process, under this name in the eBPF file system. */
  pin(path: string): void;
  close(): void;
}

/**
 * Puts an XDP program on an interface: in the driver where that can, else in the kernel's generic mode.
 * Throws `kernel-busy` or `kernel-exists` if another program is there, `kernel-not-found` without such an interface.
 */
export function attachXdp(namespace: NamespaceName, interfaceName: string, program: BpfProgram): XdpAttachment {
  const place = namespace === undefined ? interfaceName : `${interfaceName} in ${namespace}`;
  const link = inNamespace(namespace, () => {
    const index = libc.if_nametoindex(interfaceName);
    if (index === 0) {
      throw new KernelError("kernel-not-found", "there is no such interface", {
        tried: `attach XDP program ${program.name} to ${place}`,
        errno: 19,
        remedy: "check the interface's name and namespace",
      });
    }
    return libbpf().bpf_link_create(program.fd, index, BPF_XDP, null);
  });
  if (link < 0) throw attachError(program.name, place, link);
  const descriptor = new Descriptor(link);
  return {
    interface: interfaceName,
    pin: (path) => {
      pin(descriptor.fd, path);
      descriptor.close();
    },
    close: () => descriptor.close(),
  };
}

function attachError(program: string, place: string, result: number): KernelError {
  const error = bpfError(`attach XDP program ${program} to ${place}`, result);
  if (error.code !== "kernel-busy" && error.code !== "kernel-exists") return error;
  return new KernelError(error.code, "another XDP program is attached to it", {
    tried: error.tried,
    errno: error.errno,
    remedy: `\`ip link show\` names the program; \`ip link set dev ${place.split(" ")[0]} xdp off\` removes it`,
  });
}
