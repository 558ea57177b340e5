import { join } from "node:path";
import { reloadSystemd } from "../../kernel/systemd.ts";
import { installFailure, lockSystem, putAside, putManifest, takeFile, takeManifest } from "./boot-disk.ts";
import { isEdited } from "./install.ts";
import { printAt, readManifest } from "./manifest.ts";

/** Where to uninstall. */
export interface UninstallOptions {
  readonly root: string;
  /** Called before each file is taken away; tests end the process there. */
  readonly onFile?: ((path: string) => void) | undefined;
}

/** What uninstall did. */
export interface UninstallOutcome {
  /** Undefined when nothing was installed. */
  readonly gateway?: string;
  /** Files taken away, in order. */
  readonly removed: readonly string[];
  /** Files that somebody had changed, under the name they are kept by. */
  readonly saved: readonly string[];
}

/** Takes away every file that install wrote, those that start something first. The running kernel is not touched. */
export function uninstallGateway({ root, onFile }: UninstallOptions): UninstallOutcome {
  const manifest = readManifest(root);
  if (manifest === undefined) return { removed: [], saved: [] };
  try {
    const lock = lockSystem(root, "uninstall the gateway");
    try {
      putManifest(root, { ...manifest, task: "uninstall" });
      const removed: string[] = [];
      const saved: string[] = [];
      for (const { path } of manifest.files.toReversed()) {
        onFile?.(path);
        const found = printAt(join(root, path));
        if (found !== undefined && isEdited(manifest, path, found)) saved.push(putAside(root, path));
        else if (found !== undefined) removed.push(path);
        takeFile(root, path);
      }
      onFile?.("the manifest");
      takeManifest(root);
      if (root === "/") reloadSystemd();
      return { gateway: manifest.gateway, removed, saved };
    } finally {
      lock.release();
    }
  } catch (error) {
    throw installFailure(error, `uninstall gateway ${manifest.gateway}`);
  }
}
