import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { BootFile } from "../../render/boot/boot-file.ts";
import { readIfThere } from "../whole-file.ts";

/**
 * What an install left in a system, kept there. While files are being written or taken away `task` says so: whoever
 * finds it knows that it broke off.
 */
export interface Manifest {
  readonly version: 1;
  readonly gateway: string;
  readonly task?: "install" | "uninstall";
  /** In the order of writing. During an install, files of the one before that are no longer wanted come first. */
  readonly files: readonly ManifestFile[];
}

/** A file of ours. */
export interface ManifestFile {
  readonly path: string;
  /** What it holds when all is done; absent when it is to be taken away. */
  readonly now?: string;
  /** What it held before an install that has not ended; absent when it was not there. */
  readonly before?: string;
}

/** Where the manifest is in a system. */
export const MANIFEST = "/etc/meganat/installed.json";

/** The manifest of the system at `root`, undefined if there is none or none that can be read. */
export function readManifest(root: string): Manifest | undefined {
  const text = readIfThere(join(root, MANIFEST));
  if (text === undefined) return undefined;
  try {
    const manifest = JSON.parse(text) as Manifest;
    return manifest.version === 1 ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** A short text that is equal for equal content: `sha256:...`, or `link:TARGET`. */
export function printOf(content: BootFile["content"]): string {
  return "linkTo" in content ? `link:${content.linkTo}` : fingerprint(content.text);
}

/** The same of what is at the path; undefined if nothing is, `other` for what is neither file nor link. */
export function printAt(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) return `link:${readlinkSync(path)}`;
  return found.isFile() ? fingerprint(readFileSync(path)) : "other";
}

function fingerprint(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
