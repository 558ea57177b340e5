import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isKernelError } from "../../kernel/error.ts";
import { lockFile, type FileLock } from "../../kernel/file-lock.ts";
import type { BootFile } from "../../render/boot/boot-file.ts";
import { writeWhole } from "../whole-file.ts";
import { InstallError } from "./error.ts";
import { MANIFEST, type Manifest } from "./manifest.ts";

const LOCK = "/etc/meganat/lock";

/** Writes a file or link whole: whoever looks finds the old one or the new one. */
export function putFile(root: string, file: BootFile): void {
  const path = join(root, file.path);
  const { content } = file;
  if ("text" in content) {
    // A link of somebody else's would be written through.
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(path);
    writeWhole(dirname(path), path, content.text, content.executable === true ? 0o755 : 0o644);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  rmSync(`${path}.new`, { force: true });
  symlinkSync(content.linkTo, `${path}.new`);
  renameSync(`${path}.new`, path);
  syncDirectory(dirname(path));
}

/** Takes a file away, with what a killed install may have left beside it. Gone already is as good. */
export function takeFile(root: string, path: string): void {
  rmSync(join(root, `${path}.new`), { force: true });
  rmSync(join(root, path), { force: true });
}

/** Puts a file that somebody changed aside; gives its new name. */
export function putAside(root: string, path: string): string {
  const aside = `${path}.saved`;
  renameSync(join(root, path), join(root, aside));
  return aside;
}

/** Writes the manifest. */
export function putManifest(root: string, manifest: Manifest): void {
  const path = join(root, MANIFEST);
  writeWhole(dirname(path), path, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Takes the manifest and the lock away, and the directory if nothing else is in it. */
export function takeManifest(root: string): void {
  takeFile(root, MANIFEST);
  rmSync(join(root, LOCK), { force: true });
  try {
    rmdirSync(join(root, dirname(MANIFEST)));
  } catch {
    // Something of the administrator's is in it.
  }
}

/** Takes the system at `root` for us alone. Throws `install-busy`. */
export function lockSystem(root: string, tried: string): FileLock {
  mkdirSync(join(root, dirname(LOCK)), { recursive: true });
  try {
    return lockFile(join(root, LOCK), tried);
  } catch (error) {
    if (!isKernelError(error, "kernel-busy")) throw error;
    throw new InstallError("install-busy", error.message, error.remedy);
  }
}

/** What the file system refused, as our own error. */
export function installFailure(error: unknown, tried: string): unknown {
  if (
    !(error instanceof Error) ||
    !("code" in error) ||
    typeof error.code !== "string" ||
    !/^E[A-Z]+$/.test(error.code)
  ) {
    return error;
  }
  if (error.code === "EACCES" || error.code === "EPERM" || error.code === "EROFS") {
    const remedy = "run as root; if the file system is read-only, remount it or install into the image with --root";
    return new InstallError("install-not-root", `cannot ${tried}: ${error.message}`, remedy);
  }
  const remedy = "put right what the message names and do it again: what is half is finished then";
  return new InstallError("install-failed", `cannot ${tried}: ${error.message}`, remedy);
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
