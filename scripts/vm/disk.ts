import { execFileSync } from "node:child_process";
import { closeSync, existsSync, ftruncateSync, openSync } from "node:fs";

/** Sparse: it takes on this machine what the guest writes. */
const BYTES = 4 * 1024 ** 3;

/** Makes an empty file system image, unless the file is there. */
export function prepareDisk(path: string): void {
  if (existsSync(path)) return;
  const file = openSync(path, "wx");
  ftruncateSync(file, BYTES);
  closeSync(file);
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-O", "^metadata_csum_seed", path], {
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    stdio: ["ignore", "inherit", "inherit"],
  });
}
