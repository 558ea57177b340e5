import type { NamespaceName } from "../../kernel/namespace.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { readSysctlsBelow } from "../../kernel/sysctl-tree.ts";

/** Settings that say something of NAT and do not belong to one interface. */
const PARENTS = [
  "net.core",
  "net.netfilter",
  "net.ipv4",
  "net.ipv4.route",
  "net.ipv4.conf.all",
  "net.ipv4.conf.default",
  "net.ipv4.neigh.default",
  "net.ipv6.conf.all",
  "net.ipv6.neigh.default",
  "net.bridge",
];
/** Settings of the whole host: other namespaces than the first have them not. */
const HOST_SETTINGS = [
  "net.core.netdev_max_backlog",
  "net.core.netdev_budget",
  "net.core.netdev_budget_usecs",
  "net.core.rmem_max",
  "net.netfilter.nf_conntrack_expect_max",
  "net.netfilter.nf_log_all_netns",
  ...[4, 6].flatMap((version) => [1, 2, 3].map((level) => `net.ipv${version}.neigh.default.gc_thresh${level}`)),
];
/** A host of containers has thousands of interfaces, with 35 settings each. */
const MOST_INTERFACES = 64;

/** Reads them all, those of the first interfaces too. */
export function readSettings(namespace: NamespaceName, interfaces: readonly string[]): Record<string, string> {
  const own = interfaces.slice(0, MOST_INTERFACES).map((name) => `net.ipv4.conf.${name.replaceAll(".", "/")}`);
  const settings: Record<string, string> = {};
  for (const { name, value } of readSysctlsBelow(namespace, [...PARENTS, ...own])) settings[name] = value;
  for (const name of HOST_SETTINGS) {
    // Where this process runs may be the first namespace; elsewhere they are not known.
    const value = settings[name] ?? readSysctl(undefined, name);
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}
