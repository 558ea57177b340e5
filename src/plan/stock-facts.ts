import { TIMEOUT_NAMES, type Gateway } from "../config/gateway.ts";
import type { HostFacts } from "./host-facts.ts";
import { bucketsAtBoot } from "./table.ts";
import { TIMERS } from "./timeouts.ts";

/** Memory of a machine of which nothing is known, so large that no plan is refused for it. */
const UNKNOWN_MEMORY = 2 ** 50;
/** What a kernel takes by itself on any machine with more than 1 GiB. */
const SMALLEST_USUAL_BUCKETS = 65_536;

/**
 * A machine that has just started and of which no more is known than this: the file's own interfaces are there, and
 * the kernel's settings are those it comes with. A plan made from it asks for the same settings on every machine and
 * every day, which is what files for the next boot need. Strict reverse path filtering, because many distributions
 * turn it on. Without `memoryBytes` (of the machine that will start) the plan is for any machine.
 */
export function stockFacts(gateway: Gateway, memoryBytes?: number): HostFacts {
  const buckets = String(memoryBytes === undefined ? SMALLEST_USUAL_BUCKETS : bucketsAtBoot(memoryBytes));
  const timers = TIMEOUT_NAMES.map((name): [string, string] => [
    `net.netfilter.${TIMERS[name].sysctl}`,
    String(TIMERS[name].kernel),
  ]);
  const sysctls: Record<string, string> = {
    "net.ipv4.ip_forward": "0",
    "net.ipv4.ip_early_demux": "1",
    "net.ipv4.conf.default.rp_filter": "1",
    "net.netfilter.nf_conntrack_max": buckets,
    "net.netfilter.nf_conntrack_buckets": buckets,
    ...Object.fromEntries<string>(timers),
  };
  return {
    kernelRelease: "",
    memoryBytes: memoryBytes ?? UNKNOWN_MEMORY,
    cpus: 1,
    interfaces: gateway.links.map((link) => link.interface),
    sysctls,
    writable: new Set(Object.keys(sysctls)),
    isHostNamespace: true,
  };
}
