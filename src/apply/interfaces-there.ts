import { setTimeout } from "node:timers/promises";
import type { Gateway } from "../config/gateway.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listLinks } from "../kernel/route/link.ts";

const LOOK_EVERY_MILLISECONDS = 100;

/**
 * Waits until every interface the gateway needs is there, at most so many seconds; says which are not. At boot a
 * driver may be slower than we are.
 */
export async function interfacesThere(namespace: NamespaceName, gateway: Gateway, seconds: number): Promise<string[]> {
  const needed = neededInterfaces(gateway);
  for (let left = (seconds * 1000) / LOOK_EVERY_MILLISECONDS; ; left--) {
    const there = new Set(listLinks(namespace).map(({ name }) => name));
    const missing = needed.filter((name) => !there.has(name));
    if (missing.length === 0 || left <= 0) return missing;
    await setTimeout(LOOK_EVERY_MILLISECONDS);
  }
}

/** Interfaces that must be found: those of bonds and VLANs are made of others. */
function neededInterfaces({ links }: Gateway): string[] {
  const made = new Set(links.filter(({ bond, vlan }) => bond ?? vlan).map((link) => link.interface));
  const below = links.flatMap(({ bond, vlan }) => [...(bond?.members ?? []), ...(vlan === undefined ? [] : [vlan.on])]);
  return [...new Set([...links.map((link) => link.interface), ...below])].filter((name) => !made.has(name));
}
