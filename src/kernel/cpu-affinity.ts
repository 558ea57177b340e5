import { checkCall } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";

/** Bits of the kernel's masks come in words of 64. */
const WORD_BYTES = 8;

/** Keeps the calling thread, and what it starts, on one CPU. Throws `kernel-rejected` if that is not on or not allowed. */
export function pinThread(cpu: number): void {
  const mask = affinityMask(cpu);
  checkCall(libc.sched_setaffinity(0, mask.length, mask), `keep a thread on CPU ${cpu}`);
}

/** sched_setaffinity's mask of one CPU: words of 64 bits in the byte order of the machine. */
export function affinityMask(cpu: number): Uint8Array {
  const words = new BigUint64Array(Math.floor(cpu / (8 * WORD_BYTES)) + 1);
  words[words.length - 1] = 1n << BigInt(cpu % (8 * WORD_BYTES));
  return new Uint8Array(words.buffer);
}
