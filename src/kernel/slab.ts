import { readFileSync } from "node:fs";

/** A cache of kernel objects of one size. */
export interface SlabCache {
  readonly objects: number;
  readonly objectBytes: number;
  /** With the room left in pages already taken. */
  readonly bytes: number;
}

/** Reads one of the kernel's object caches (`nf_conntrack`), for the whole host; undefined if only root may, or none is so named. */
export function readSlabCache(name: string): SlabCache | undefined {
  let text: string;
  try {
    text = readFileSync("/proc/slabinfo", "utf8");
  } catch {
    return undefined;
  }
  return parseSlabCache(text, name);
}

/** Finds a cache in the text of /proc/slabinfo (slabinfo(5), version 2). */
export function parseSlabCache(text: string, name: string): SlabCache | undefined {
  for (const line of text.split("\n")) {
    const [found, active, total, size] = line.split(/\s+/);
    if (found === name)
      return { objects: Number(active), objectBytes: Number(size), bytes: Number(total) * Number(size) };
  }
  return undefined;
}
