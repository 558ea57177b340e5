import { join } from "node:path";
import { printAt, readManifest, type ManifestFile } from "./manifest.ts";

/** How what makes the gateway permanent stands in a system. */
export interface Installation {
  /** The gateway that comes up at boot. */
  readonly gateway: string;
  /** `half`: an install or uninstall broke off. `changed`: somebody has changed or taken away files since. */
  readonly state: "installed" | "changed" | "half";
  /** What is not as it should be, in words, one for each file. */
  readonly files: readonly string[];
  /** What puts it right; absent when nothing is wrong. */
  readonly fix?: string;
}

/** Looks at the files of an install; undefined when none was made in this system. */
export function readInstallation(root = "/"): Installation | undefined {
  const manifest = readManifest(root);
  if (manifest === undefined) return undefined;
  const { gateway, task } = manifest;
  const files = manifest.files.flatMap((file) => {
    const found = printAt(join(root, file.path));
    const word = task === "uninstall" ? leftWord(found) : stateWord(file, found);
    return word === undefined ? [] : [`${file.path} ${word}`];
  });
  if (task !== undefined) {
    const fix = `finish it: meganat ${task === "install" ? "install FILE" : "uninstall"}`;
    return { gateway, state: "half", files, fix };
  }
  if (files.length === 0) return { gateway, state: "installed", files };
  return { gateway, state: "changed", files, fix: "install the gateway file again: meganat install FILE" };
}

function leftWord(found: string | undefined): string | undefined {
  return found === undefined ? undefined : "is still there";
}

/** `before` is there only while an install has not ended. */
function stateWord(file: ManifestFile, found: string | undefined): string | undefined {
  if (found === file.now) return undefined;
  if (found === undefined) return file.before === undefined ? "is not there" : "is gone";
  return found === file.before ? "is still the old one" : "was changed by somebody";
}
