import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "./rounds.ts";

void test("the median is the middle, or the mean of the two in the middle", () => {
  const cases: [number[], number][] = [
    [[5], 5],
    [[3, 1], 2],
    [[9, 1, 5], 5],
    [[10, 2, 8, 4], 6],
  ];
  for (const [values, expected] of cases) assert.equal(median(values), expected);
});
