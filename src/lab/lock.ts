import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { isKernelError } from "../kernel/error.ts";
import { lockFile, type FileLock } from "../kernel/file-lock.ts";
import { LAB_LOCK } from "./place.ts";

/** The lock is held for a few file and sysctl writes; resizing a full conntrack table takes the longest. */
const WAIT_MS = 10_000;
const STEP_MS = 20;

/** Runs a short synchronous step that no other process of the labs may run at the same time. */
export function withLabLock<T>(tried: string, run: () => T): T {
  mkdirSync(dirname(LAB_LOCK), { recursive: true, mode: 0o755 });
  const lock = waitForLock(tried);
  try {
    return run();
  } finally {
    lock.release();
  }
}

function waitForLock(tried: string): FileLock {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += STEP_MS) {
    try {
      return lockFile(LAB_LOCK, tried);
    } catch (error) {
      if (!isKernelError(error, "kernel-busy") || waited >= WAIT_MS) throw error;
      Atomics.wait(sleeper, 0, 0, STEP_MS);
    }
  }
}
