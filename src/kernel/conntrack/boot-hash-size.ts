import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where modprobe.d(5) has options of modules; earlier ones win. */
const FOLDERS = ["/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"];

/**
 * Buckets that somebody asked for when the kernel, or the module, was started (`nf_conntrack.hashsize=`). What was
 * written to nf_conntrack_buckets since then does not count. Undefined: nobody asked, or it cannot be read.
 */
export function readBootHashSize(): number | undefined {
  const fromKernel = parseHashSize(readText("/proc/cmdline"), /(?:^|\s)nf_conntrack\.hashsize=(\d+)/);
  if (fromKernel !== undefined) return fromKernel;
  for (const folder of FOLDERS) {
    for (const name of filesOf(folder)) {
      const found = hashSizeOption(readText(join(folder, name)));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The option in the text of a file of modprobe.d(5). */
export function hashSizeOption(text: string): number | undefined {
  return parseHashSize(text, /^\s*options\s+nf_conntrack\s(?:.*\s)?hashsize=(\d+)/m);
}

function parseHashSize(text: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".conf"))
      .toSorted();
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
