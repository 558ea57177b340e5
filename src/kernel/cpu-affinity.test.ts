import assert from "node:assert/strict";
import { test } from "node:test";
import { affinityMask } from "./cpu-affinity.ts";

test("one bit, in words of 64", () => {
  const words = (cpu: number): bigint[] => [...new BigUint64Array(affinityMask(cpu).buffer)];
  assert.deepEqual(words(0), [1n]);
  assert.deepEqual(words(5), [32n]);
  assert.deepEqual(words(63), [1n << 63n]);
  assert.deepEqual(words(64), [0n, 1n]);
  assert.deepEqual(words(130), [0n, 0n, 4n]);
});
