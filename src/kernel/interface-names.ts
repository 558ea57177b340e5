import { readFileSync } from "node:fs";
import { inNamespace, type NamespaceName } from "./namespace.ts";

/** The names of all interfaces of the namespace: one file to read, where `listLinks` needs a netlink socket. */
export function listInterfaceNames(namespace: NamespaceName): string[] {
  return parseInterfaceNames(inNamespace(namespace, () => readFileSync("/proc/thread-self/net/dev", "utf8")));
}

/** The names in the text of /proc/net/dev; the kernel lets no name have a colon or a blank in it. */
export function parseInterfaceNames(text: string): string[] {
  return Array.from(text.matchAll(/^ *([^\s:]+):/gm), ([, name = ""]) => name);
}
