import { join } from "node:path";
import { reloadSystemd } from "../../kernel/systemd.ts";
import type { BootFile } from "../../render/boot/boot-file.ts";
import { installFailure, lockSystem, putAside, putFile, putManifest, takeFile } from "./boot-disk.ts";
import { InstallError } from "./error.ts";
import { printAt, printOf, readManifest, type Manifest, type ManifestFile } from "./manifest.ts";

/** What to install where. */
export interface InstallOptions {
  /** The directory of the system, `/` for this one. */
  readonly root: string;
  /** The gateway's name. */
  readonly gateway: string;
  readonly files: readonly BootFile[];
  /** Absolute path, within the system, of the file that the gateway was read from: it is the administrator's. */
  readonly source?: string | undefined;
  /** Called before each file is written; tests end the process there. */
  readonly onFile?: ((path: string) => void) | undefined;
}

/** What becomes of a file. */
export interface InstallStep {
  readonly path: string;
  readonly action: "create" | "change" | "keep" | "remove";
  /** True when somebody has changed it since it was installed: then it is kept beside, as PATH.saved. */
  readonly edited: boolean;
}

/** What install did or would do. */
export interface InstallOutcome {
  readonly steps: readonly InstallStep[];
  /** True when an install or uninstall had broken off, and this one finished the job. */
  readonly repaired: boolean;
}

/** Says what `installGateway` would do, and touches nothing. Throws as it does. */
export function planInstall(options: InstallOptions): InstallOutcome {
  const before = readManifest(options.root);
  const steps = [...obsolete(options, before), ...options.files.map((file) => stepFor(options, before, file))];
  const foreign = steps.find(({ path, action }) => action === "change" && isForeign(options, before, path));
  if (foreign !== undefined) {
    throw new InstallError(
      "install-foreign-file",
      `${join(options.root, foreign.path)} is there already, and \`meganat install\` has not written it`,
      "look whether it is still needed; move it away, then install again",
    );
  }
  return { steps, repaired: before?.task !== undefined };
}

/**
 * Writes the files that are not there or not as they should be, and takes away those of an earlier install that are not
 * wanted any more. Each is the old or the new one at any moment; the manifest says when it is not all done.
 */
export function installGateway(options: InstallOptions): InstallOutcome {
  const { root, gateway, files } = options;
  try {
    // Before anything is touched: a refusal must leave no trace.
    planInstall(options);
    const lock = lockSystem(root, "install the gateway");
    try {
      const before = readManifest(root);
      const outcome = planInstall(options);
      if (before?.task === undefined && outcome.steps.every(({ action }) => action === "keep")) {
        if (before === undefined) putManifest(root, { version: 1, gateway, files: ours(options, before) });
        return outcome;
      }
      putManifest(root, { version: 1, gateway, task: "install", files: halfway(options, before, outcome.steps) });
      for (const { path, action, edited } of outcome.steps) {
        if (action === "keep") continue;
        options.onFile?.(path);
        if (edited) putAside(root, path);
        const file = files.find((candidate) => candidate.path === path);
        if (file === undefined) takeFile(root, path);
        else putFile(root, file);
      }
      options.onFile?.("the manifest");
      putManifest(root, { version: 1, gateway, files: ours(options, before) });
      if (root === "/") reloadSystemd();
      return outcome;
    } finally {
      lock.release();
    }
  } catch (error) {
    throw installFailure(error, `install gateway ${gateway}`);
  }
}

function stepFor({ root }: InstallOptions, before: Manifest | undefined, { path, content }: BootFile): InstallStep {
  const found = printAt(join(root, path));
  if (found === undefined) return { path, action: "create", edited: false };
  if (found === printOf(content)) return { path, action: "keep", edited: false };
  return { path, action: "change", edited: isEdited(before, path, found) };
}

/** Files of an earlier install that are not among the new ones, those that start something first. */
function obsolete({ root, files }: InstallOptions, before: Manifest | undefined): InstallStep[] {
  const gone = (before?.files ?? []).filter(({ path }) => !files.some((file) => file.path === path)).toReversed();
  return gone.flatMap(({ path }): InstallStep[] => {
    const found = printAt(join(root, path));
    return found === undefined ? [] : [{ path, action: "remove", edited: isEdited(before, path, found) }];
  });
}

/** Says whether a file of ours holds something that no install has written. */
export function isEdited(manifest: Manifest | undefined, path: string, found: string): boolean {
  const known = manifest?.files.find((file) => file.path === path);
  return known !== undefined && found !== known.now && found !== known.before;
}

function isForeign({ source }: InstallOptions, before: Manifest | undefined, path: string): boolean {
  return path !== source && before?.files.some((file) => file.path === path) !== true;
}

/** The files that are ours to take away: not the administrator's own gateway file that lay in its place before. */
function ours({ files, source }: InstallOptions, before: Manifest | undefined): ManifestFile[] {
  const known = (path: string): boolean => before?.files.some((file) => file.path === path) === true;
  return files
    .filter(({ path }) => path !== source || known(path))
    .map(({ path, content }) => ({ path, now: printOf(content) }));
}

function halfway(options: InstallOptions, before: Manifest | undefined, steps: readonly InstallStep[]): ManifestFile[] {
  const field = (path: string): { before?: string } => {
    const found = printAt(join(options.root, path));
    return found === undefined ? {} : { before: found };
  };
  const going = steps.filter(({ action }) => action === "remove").map(({ path }) => ({ path, ...field(path) }));
  return [...going, ...ours(options, before).map((file) => ({ ...file, ...field(file.path) }))];
}
