import { hasFeature } from "../kernel/features.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listLinks } from "../kernel/route/link.ts";
import { FastPathError } from "./error.ts";
import { makeFlowtable, readFlowtable, type FlowtableStatus } from "./flowtable.ts";
import { readDeviceFacts } from "./read-device-facts.ts";
import { readPacketPolicy } from "./read-packet-policy.ts";
import { turnOffFastPath } from "./turn-off.ts";

/** The flowtable, and which rules it goes past. */
export interface FlowtableOn extends FlowtableStatus {
  /** What counts or does less, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Turns the kernel's own fast path on, in place of whichever is on. Interfaces that are not there are left out. Throws
 * FastPathError if the kernel has no flowtable or none of the interfaces is there, and what nft says.
 */
export function turnOnFlowtable({
  netns,
  devices,
}: {
  readonly netns?: NamespaceName;
  readonly devices: readonly string[];
}): FlowtableOn {
  if (!hasFeature("flowtable")) {
    throw new FastPathError(
      "fast-path-unsupported",
      "this kernel has no flowtable (nf_flow_table, nft_flow_offload)",
      "take `fast-path: auto`, which needs eBPF only, or a kernel that has it: `meganat features` says what brings it",
    );
  }
  const there = devicesThere(netns, devices);
  if (there.length === 0) {
    throw new FastPathError(
      "fast-path-devices",
      `none of the interfaces is here: ${devices.join(", ")}`,
      "name those between which packets are forwarded (ip link)",
    );
  }
  turnOffFastPath({ netns });
  const notes = rulesPassed(netns, there);
  makeFlowtable(netns, there);
  const status = readFlowtable(netns);
  if (status === undefined) throw new TypeError("the flowtable was taken away by somebody else meanwhile");
  return { ...status, notes };
}

/** Those of the interfaces that are there, each once. */
export function devicesThere(netns: NamespaceName, devices: readonly string[]): string[] {
  const names = new Set(listLinks(netns).map(({ name }) => name));
  return [...new Set(devices)].filter((name) => names.has(name));
}

function rulesPassed(netns: NamespaceName, devices: readonly string[]): string[] {
  const { exemptions, countsLess } = readPacketPolicy(netns, readDeviceFacts(netns, devices));
  const lines = exemptions.map(({ rule, why }) => `${rule?.place ?? "a filter"} ${why}: only for packets before`);
  const counts = countsLess.map(({ place }) => `${place} counts only packets before`);
  return [...new Set([...lines, ...counts])].map((line) => `${line} the flowtable has their connection`);
}
