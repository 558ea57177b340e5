import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "./median.ts";

test("the median is the middle, whatever the order", () => {
  assert.equal(median([3]), 3);
  assert.equal(median([10, 1, 100]), 10);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.throws(() => median([]), RangeError);
});
