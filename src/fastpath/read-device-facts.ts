import { join } from "node:path";
import { listPinned, readPinnedLinkProgram } from "../kernel/bpf/pin.ts";
import type { TrafficDirection } from "../kernel/bpf/traffic-hook.ts";
import { listTrafficPrograms } from "../kernel/bpf/traffic-programs.ts";
import { readQueueCounters } from "../kernel/counters/queue-counters.ts";
import { isKernelError } from "../kernel/error.ts";
import { readDriver } from "../kernel/ethtool-driver.ts";
import { readOffload, type Offload } from "../kernel/ethtool.ts";
import { countIpsecPolicies } from "../kernel/ipsec-policies.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listDevices } from "../kernel/route/device.ts";
import { listLinks } from "../kernel/route/link.ts";
import { readTrafficFilters } from "../kernel/traffic-filters.ts";
import { readXdpFeatures } from "../kernel/xdp-features.ts";
import { pinDirectory } from "./pins.ts";
import type { DeviceFacts, ForwardingFacts } from "./policy/device-facts.ts";

/** Reads what `choosePaths` wants to know of the named interfaces; names that are not there are left out. */
export function readDeviceFacts(namespace: NamespaceName, names: readonly string[]): DeviceFacts[] {
  const links = listLinks(namespace);
  const devices = listDevices(namespace);
  const features = readXdpFeatures(namespace);
  const queues = readQueueCounters(namespace);
  const own = ownPrograms(namespace);
  return links
    .filter(({ name }) => names.includes(name))
    .map(({ name, index, kind, mtu, master }): DeviceFacts => {
      const driver = readDriver(namespace, name);
      const xdp = features?.get(index);
      const device = devices.get(index);
      const port = links.find((link) => link.index === master)?.name;
      const filters = (place: "ingress" | "egress" | "root"): boolean =>
        readTrafficFilters(namespace, index, place).some(({ priority }) => priority !== OWN_PRIORITY);
      const programs = (place: TrafficDirection): boolean =>
        listTrafficPrograms(namespace, index, place).some((id) => !own.has(id));
      return {
        name,
        index,
        ...(kind === undefined ? {} : { kind }),
        ...(driver === undefined ? {} : { driver }),
        ethernet: device?.ethernet ?? false,
        loopback: name === "lo",
        mtu,
        ...(port === undefined ? {} : { master: port }),
        ...(xdp === undefined ? {} : { xdp }),
        hasXdp: device?.hasXdp ?? false,
        largePackets: has(namespace, name, "gro") || has(namespace, name, "tso"),
        queues: [...new Set(queues.filter((queue) => queue.interface === name).map((queue) => queue.kind))],
        ingressFilters: filters("ingress") || programs("ingress"),
        egressFilters: filters("egress") || filters("root") || programs("egress"),
      };
    });
}

/** The same, with what is to be known of the host. `ebpf` and `flowtable` say what the kernel has. */
export function readForwardingFacts(
  namespace: NamespaceName,
  names: readonly string[],
  kernel: Pick<ForwardingFacts, "ebpf" | "flowtable">,
): ForwardingFacts {
  return { devices: readDeviceFacts(namespace, names), ipsecPolicies: countIpsecPolicies(namespace), ...kernel };
}

/** Of the fast path's own filters, where the kernel attaches none as links (`src/kernel/bpf/traffic-hook.ts`). */
const OWN_PRIORITY = 0x4d4e;

/** Of the fast path's own programs, those attached as links: the kernel's numbers. */
function ownPrograms(namespace: NamespaceName): ReadonlySet<number> {
  const folder = pinDirectory(namespace);
  if (folder === undefined) return new Set();
  const links = listPinned(folder).filter((name) => name.startsWith("link-"));
  return new Set(links.map((name) => readPinnedLinkProgram(join(folder, name))));
}

function has(namespace: NamespaceName, name: string, offload: Offload): boolean {
  try {
    return readOffload(namespace, name, offload);
  } catch (error) {
    if (isKernelError(error, "kernel-not-supported")) return false;
    throw error;
  }
}
