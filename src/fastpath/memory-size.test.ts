import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { memorySize } from "./memory-size.ts";

const GIB = 2 ** 30;

const CASES: readonly [connections: number, memory: number, shelves4: number, shelves6: number][] = [
  [0, 4 * GIB, 4, 4],
  [1000, 4 * GIB, 8, 4],
  [1_000_000, 24 * GIB, 7906, 1977],
  // 1,700,000 would want 13,439; a 32nd of 8 GiB allows 6553.
  [1_700_000, 8 * GIB, 6553, 1638],
  [1_000_000_000, 1024 * GIB, 65_535, 16_384],
];

for (const [connections, memory, shelves4, shelves6] of CASES) {
  test(`shelves for ${connections} connections on ${memory / GIB} GiB`, () => {
    const size = memorySize(connections, memory);
    deepEqual([size.shelves4, size.shelves6], [shelves4, shelves6]);
    equal(size.places4, shelves4 * 506);
    equal(size.places6, shelves6 * 252);
    equal(size.bytes, (shelves4 + shelves6) * 32_768);
  });
}
