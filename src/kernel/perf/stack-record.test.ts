import assert from "node:assert/strict";
import { test } from "node:test";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { parseCpuList } from "./perf-event.ts";
import { decodeStack } from "./stack-record.ts";

const skip = HOST_LITTLE_ENDIAN ? false : "recorded on a little-endian machine";

function value(samples: bigint, frames: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(8 + 127 * 8);
  bytes.writeBigUInt64LE(samples);
  for (const [i, frame] of frames.entries()) bytes.writeBigUInt64LE(frame, 8 + i * 8);
  return bytes;
}

function key(task: string): Buffer {
  return Buffer.concat([Buffer.alloc(8, 1), Buffer.from(task.padEnd(16, "\0"))]);
}

void test("stacks", { skip }, () => {
  const frames = [0xffffffff81000000n, 0xffffffff81000100n];
  assert.deepEqual(decodeStack(key("ksoftirqd/0"), value(7n, frames)), { task: "ksoftirqd/0", samples: 7, frames });
  assert.deepEqual(decodeStack(key("a"), value(1n, [])), { task: "a", samples: 1, frames: [] });
  const deepest = Array.from({ length: 127 }, (_, i) => 0xffffffff81000000n + BigInt(i));
  assert.equal(decodeStack(key("sixteen letters!"), value(1n, deepest)).frames.length, 127);
  assert.equal(decodeStack(key("sixteen letters!"), value(1n, deepest)).task, "sixteen letters!");
});

void test("lists of processors", () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ["0\n", [0]],
    ["0-3\n", [0, 1, 2, 3]],
    ["0,2-3,8", [0, 2, 3, 8]],
    ["\n", []],
  ];
  for (const [text, cpus] of cases) assert.deepEqual(parseCpuList(text), cpus);
});
