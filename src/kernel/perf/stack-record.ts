import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";

/*
 * Bytes of the structures in bpf/profile.bpf.c: change both or neither.
 */
const TASK_OFFSET = 8;
const FRAMES_OFFSET = 8;

/** A call stack of the kernel and how often it was met. */
export interface StackCount {
  /** Name of the process that was interrupted, which softirq work often only borrows. */
  readonly task: string;
  readonly samples: number;
  /** Addresses, innermost first; empty: the processor was in user space. */
  readonly frames: readonly bigint[];
}

/** Decodes `struct stack_key` and `struct stack`. */
export function decodeStack(key: Buffer, value: Buffer): StackCount {
  const u64 = (offset: number): bigint =>
    HOST_LITTLE_ENDIAN ? value.readBigUInt64LE(offset) : value.readBigUInt64BE(offset);
  const frames: bigint[] = [];
  for (let at = FRAMES_OFFSET; at + 8 <= value.length; at += 8) {
    const frame = u64(at);
    if (frame === 0n) break;
    frames.push(frame);
  }
  const end = key.indexOf(0, TASK_OFFSET);
  return { task: key.toString("utf8", TASK_OFFSET, end === -1 ? key.length : end), samples: Number(u64(0)), frames };
}
