import { detachTraffic } from "../kernel/bpf/traffic-hook.ts";
import { removePinned } from "../kernel/bpf/pin.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { restoreSettings } from "./conntrack-settings.ts";
import { deleteFlowtable } from "./flowtable.ts";
import { pinDirectory, reapOrphans } from "./pins.ts";
import { readRecord, removeRecord } from "./record.ts";

/**
 * Turns the fast path off: every packet is the kernel's again from this moment, and every setting as it was, but for
 * tcp_be_liberal, by which connections go on. Also mends a fast path that was left half on or half off; says whether there was one.
 */
export function turnOffFastPath({ netns }: { readonly netns?: NamespaceName }): boolean {
  const hadFlowtable = deleteFlowtable(netns);
  reapOrphans();
  const record = readRecord(netns);
  const directory = pinDirectory(netns);
  if (directory !== undefined) removePinned(directory);
  if (record === undefined) return hadFlowtable;
  for (const { name } of record.devices) {
    for (const direction of ["ingress", "egress"] as const) detachTraffic(netns, name, direction);
  }
  restoreSettings(netns, record.settings);
  removeRecord(netns);
  return true;
}
