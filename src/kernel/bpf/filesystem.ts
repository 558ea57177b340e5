import { accessSync, constants, mkdirSync, statfsSync } from "node:fs";
import { checkCall } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { awaitFileLock } from "../file-lock.ts";

/** Where systemd mounts it, and everybody looks. */
const USUAL = "/sys/fs/bpf";
/** Where we mount one if nobody has. */
const OWN = "/run/meganat/bpf";
/** BPF_FS_MAGIC in linux/magic.h. */
const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * The folder of a mounted eBPF file system, in which programs, maps and attachments outlive the process that made them.
 * Mounts one below /run/meganat if there is none; throws `kernel-permission` if that is not allowed.
 */
export function bpfFilesystem(): string {
  const mounted = findBpfFilesystem();
  if (mounted !== undefined) return mounted;
  mkdirSync(OWN, { recursive: true });
  const tried = `mount an eBPF file system at ${OWN}`;
  // A second one on top would hide what another process keeps in the first.
  const lock = awaitFileLock(`${OWN}.lock`, tried);
  try {
    const meanwhile = findBpfFilesystem();
    if (meanwhile !== undefined) return meanwhile;
    checkCall(libc.mount("bpf", OWN, "bpf", 0, "mode=0700"), tried);
    return OWN;
  } finally {
    lock.release();
  }
}

/** As `bpfFilesystem`, but mounts none; also undefined for who may not use it. */
export function findBpfFilesystem(): string | undefined {
  return [USUAL, OWN].find(isBpfFilesystem);
}

function isBpfFilesystem(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return statfsSync(path).type >>> 0 === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}
