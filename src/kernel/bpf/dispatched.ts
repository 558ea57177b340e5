import { closeSync } from "node:fs";
import { Descriptor } from "../ffi/descriptor.ts";
import { inThrowawayNamespace, openNamespace } from "../namespace.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";
import { BPF_XDP } from "./xdp.ts";

/** Of the loopback interface, in every network namespace. */
const LOOPBACK = 1;

/**
 * Keeps an XDP program among those the kernel calls directly, by attaching it where no packet ever comes: to the
 * loopback interface of a network namespace of its own, which is down. Otherwise each BPF_PROG_TEST_RUN puts it there
 * and takes it away again, and waits twice for all CPUs (bpf_dispatcher_change_prog in kernel/bpf/dispatcher.c), which
 * takes some 20 ms where they rest a lot. Gives what ends it; where it cannot be done, all works as well, only slower.
 */
export function keepDispatched(program: BpfProgram): { close(): void } {
  return inThrowawayNamespace(() => {
    const namespace = openNamespace(undefined);
    const link = libbpf().bpf_link_create(program.fd, LOOPBACK, BPF_XDP, null);
    const attachment = link < 0 ? undefined : new Descriptor(link);
    return {
      close: () => {
        attachment?.close();
        closeSync(namespace);
      },
    };
  });
}
