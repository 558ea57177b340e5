import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { kernelErrorFromErrno, kernelErrorFromNode, lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** A lock that is held; `release` gives it back, the end of the process does as well, however it ends. */
export interface FileLock {
  release(): void;
}

/**
 * Takes the lock of a file without waiting, and leaves the process id in it for whoever is refused.
 * Throws `kernel-busy` naming the holder. `tried` is what the lock is wanted for.
 */
export function lockFile(path: string, tried: string): FileLock {
  const fd = open(path, tried);
  // flock(2), not O_EXCL: the kernel lets go of it when the process is killed.
  if (libc.flock(fd, LOCK_EX | LOCK_NB) < 0) {
    const errno = lastErrno();
    const holder = readFileSync(fd, "utf8").trim();
    closeSync(fd);
    throw kernelErrorFromErrno(tried, errno, {
      ...(errno === constants.errno.EAGAIN ? { kernelSaid: `process ${holder} holds ${path}` } : {}),
      remedy: "wait until the other one has ended, then try again",
    });
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return { release: () => closeSync(fd) };
}

/** As `lockFile`, but waits for whoever has it: for what takes a moment only. */
export function awaitFileLock(path: string, tried: string): FileLock {
  const fd = open(path, tried);
  while (libc.flock(fd, LOCK_EX) < 0) {
    const errno = lastErrno();
    if (errno === constants.errno.EINTR) continue;
    closeSync(fd);
    throw kernelErrorFromErrno(tried, errno);
  }
  return { release: () => closeSync(fd) };
}

function open(path: string, tried: string): number {
  try {
    return openSync(path, "a+", 0o644);
  } catch (error) {
    throw kernelErrorFromNode(tried, error);
  }
}
