import { TIMEOUT_NAMES, type Gateway } from "../config/gateway.ts";
import { interfaceInName, NEIGHBOUR_DEFAULTS } from "./sysctls.ts";
import { TIMERS } from "./timeouts.ts";

/** The kernel settings the plan of this gateway looks at: what HostFacts.sysctls should hold, as far as the kernel has them. */
export function factNames(gateway: Gateway): string[] {
  const names = [
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_acct",
    "net.netfilter.nf_conntrack_timestamp",
    "net.netfilter.nf_conntrack_events",
    "net.netfilter.nf_conntrack_helper",
    ...TIMEOUT_NAMES.map((name) => `net.netfilter.${TIMERS[name].sysctl}`),
    ...Object.keys(NEIGHBOUR_DEFAULTS).map((key) => `net.ipv4.neigh.default.${key}`),
  ];
  for (const link of gateway.links) {
    const device = interfaceInName(link.interface);
    names.push(
      `net.ipv4.conf.${device}.forwarding`,
      `net.ipv4.conf.${device}.rp_filter`,
      `net.ipv4.neigh.${device}.proxy_delay`,
    );
  }
  return names;
}
