import { join } from "node:path";
import type { NamespaceName } from "../kernel/namespace.ts";
import { readSysctl } from "../kernel/sysctl.ts";
import { pinDirectory } from "./pins.ts";
import { readRecord } from "./record.ts";

/** What counting one direction of a connection takes: bpf/fastpath/shares.h, and the kernel's own part of an element. */
const SHARE_BYTES = 144;
/** Of the machine's memory, at most this part. */
const LARGEST_PART = 1 / 64;
const FEWEST = 1024;
const DIRECTIONS = 2;

/** The name of the map in the fast path's folder. */
export const SHARES = "shares";

/** How many directions of connections to count for: none where the kernel does not count either. */
export function sharesWanted(namespace: NamespaceName, connections: number, memoryBytes: number): number {
  if (readSysctl(namespace, "net.netfilter.nf_conntrack_acct") !== "1") return 0;
  const affordable = Math.floor((memoryBytes * LARGEST_PART) / SHARE_BYTES);
  return Math.max(FEWEST, Math.min(affordable, connections * DIRECTIONS));
}

/** Where the fast path counts what it forwards of each connection; undefined if it is off, or does not. */
export function sharesPath({ netns }: { readonly netns?: NamespaceName }): string | undefined {
  const directory = pinDirectory(netns);
  return directory === undefined || (readRecord(netns)?.shares ?? 0) === 0 ? undefined : join(directory, SHARES);
}
