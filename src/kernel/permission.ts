import { readFileSync } from "node:fs";

/** Bits of capabilities(7). */
const CAPABILITIES = { "net-admin": 12, "sys-admin": 21 } as const;

/** Says whether this process has the capability, be it in a user namespace of its own only. */
export function hasCapability(name: keyof typeof CAPABILITIES): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
}

/** Says whether root here is the host's root, who may load eBPF and set what all namespaces share. */
export function isFirstUserNamespace(): boolean {
  const [inside, outside, count] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/);
  // The first one maps every user to itself.
  return inside === "0" && outside === "0" && count === "4294967295";
}
