import { KernelError } from "../error.ts";
import { Descriptor } from "../ffi/descriptor.ts";
import { bpfError } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";

/**
 * Runs a program whenever the kernel passes a tracepoint, on every processor, until the descriptor is closed or the
 * process ends. By the tracepoint's name and not by its number, so tracefs is not needed.
 * Throws `kernel-not-supported` if the kernel's tracepoint does not have what the program reads.
 */
export function attachRawTracepoint(program: BpfProgram, tracepoint: string): Descriptor {
  const result = libbpf().bpf_raw_tracepoint_open(tracepoint, program.fd);
  if (result >= 0) return new Descriptor(result);
  const error = bpfError(`attach eBPF program ${program.name} to tracepoint ${tracepoint}`, result);
  if (error.code === "kernel-permission") throw error;
  throw new KernelError("kernel-not-supported", "this kernel has no such tracepoint, or one that tells less", {
    tried: error.tried,
    errno: error.errno,
    remedy: "a newer kernel is needed: the tracepoint kfree_skb gives the reason of a drop since Linux 5.17",
  });
}
