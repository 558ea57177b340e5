import type { NamespaceName } from "../../kernel/namespace.ts";
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
/** A host of containers has thousands of interfaces, with 35 settings each. */
const MOST_INTERFACES = 64;

/** Reads them all, those of the first interfaces too. */
export function readSettings(namespace: NamespaceName, interfaces: readonly string[]): Record<string, string> {
  const own = interfaces.slice(0, MOST_INTERFACES).map((name) => `net.ipv4.conf.${name.replaceAll(".", "/")}`);
  const settings: Record<string, string> = {};
  for (const { name, value } of readSysctlsBelow(namespace, [...PARENTS, ...own])) settings[name] = value;
  return settings;
}
