import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { memorySize } from "./memory-size.ts";

const GIB = 2 ** 30;

const CASES: readonly [connections: number, memory: number, sets4: number, sets6: number, bytes: number][] = [
  [0, 4 * GIB, 1024, 1024, 1024 * 384],
  [1000, 4 * GIB, 2048, 1024, 2048 * 128 + 1024 * 256],
  [1_000_000, 24 * GIB, 2 ** 21, 2 ** 19, 2 ** 21 * 128 + 2 ** 19 * 256],
  // 1,700,000 would want 2^22; a 32nd of 16 GiB allows 2^21.
  [1_700_000, 16 * GIB, 2 ** 21, 2 ** 19, 2 ** 21 * 128 + 2 ** 19 * 256],
  [10_000_000, 1 * GIB, 2 ** 17, 2 ** 15, 2 ** 17 * 128 + 2 ** 15 * 256],
];

for (const [connections, memory, sets4, sets6, bytes] of CASES) {
  test(`places for ${connections} connections on ${memory / GIB} GiB`, () => {
    deepEqual(memorySize(connections, memory), { sets4, sets6, bytes });
  });
}
