import { constants } from "node:os";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { bpfError } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import { TCX, type TrafficDirection } from "./traffic-hook.ts";

/** As many as the kernel takes at one place: BPF_MPROG_MAX in linux/bpf_mprog.h. */
const MOST = 64;

/**
 * The kernel's numbers of the tc programs that are attached as links (tcx) to an interface, in the order in which they
 * see a packet. None before Linux 6.6, which has no such links.
 */
export function listTrafficPrograms(namespace: NamespaceName, index: number, direction: TrafficDirection): number[] {
  const ids = new Uint32Array(MOST);
  const count = Uint32Array.of(MOST);
  const [idBytes, countBytes] = [ids, count].map(({ buffer }) => new Uint8Array(buffer)) as [Uint8Array, Uint8Array];
  const result = inNamespace(namespace, () =>
    libbpf().bpf_prog_query(index, TCX[direction], 0, null, idBytes, countBytes),
  );
  if (result === -constants.errno.EINVAL) return [];
  if (result < 0) throw bpfError(`ask for the tc programs at ${direction} of interface ${index}`, result);
  return [...ids.subarray(0, count[0])];
}
