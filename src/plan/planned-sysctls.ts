import { EARLY_DEMUX, interfaceInName, NEIGHBOUR_DEFAULTS } from "./sysctls.ts";
import { EXTENSION_SWITCHES } from "./table.ts";
import { TIMERS } from "./timeouts.ts";

const OF_THE_NAMESPACE = [
  "net.ipv4.ip_forward",
  EARLY_DEMUX,
  "net.ipv4.conf.all.rp_filter",
  "net.ipv4.conf.default.rp_filter",
  ...Object.keys(NEIGHBOUR_DEFAULTS).map((name) => `net.ipv4.neigh.default.${name}`),
  "net.netfilter.nf_conntrack_max",
  "net.netfilter.nf_conntrack_buckets",
  ...Object.keys(EXTENSION_SWITCHES).map((name) => `net.netfilter.${name}`),
  ...Object.values(TIMERS).map(({ sysctl }) => `net.netfilter.${sysctl}`),
];

/** Every sysctl a plan may look at, on a host with these interfaces; the kernel has ten times as many. */
export function plannedSysctls(interfaces: readonly string[]): string[] {
  const own = interfaces.map(interfaceInName).flatMap((name) => {
    const conf = `net.ipv4.conf.${name}`;
    return [`${conf}.forwarding`, `${conf}.rp_filter`, `net.ipv4.neigh.${name}.proxy_delay`];
  });
  return [...OF_THE_NAMESPACE, ...own];
}
