import assert from "node:assert/strict";
import { test } from "node:test";
import { hasPrefix } from "./address-prefix.ts";

const CASES: readonly (readonly [
  address: readonly number[],
  prefix: readonly number[],
  length: number,
  has: boolean,
])[] = [
  [[10, 0, 5, 1], [10, 0, 5, 1], 32, true],
  [[10, 0, 5, 1], [10, 0, 5, 2], 32, false],
  [[10, 0, 5, 1], [10, 0, 5, 2], 30, true],
  [[10, 0, 5, 4], [10, 0, 5, 2], 30, false],
  [[10, 0, 5, 4], [10, 0, 0, 0], 21, true],
  [[10, 0, 8, 4], [10, 0, 0, 0], 21, false],
  [[10, 0, 8, 4], [0, 0, 0, 0], 0, true],
];

for (const [address, prefix, length, has] of CASES) {
  test(`${address.join(".")} in ${prefix.join(".")}/${length}: ${has}`, () => {
    const bytes = Uint8Array.from([99, ...address]);
    assert.equal(hasPrefix(bytes, 1, { bytes: Uint8Array.from(prefix), length }), has);
  });
}
