import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCount } from "./whole-number.ts";

test("counts are read with thousands and units", () => {
  for (const [text, count] of [
    ["1", 1],
    ["1000000", 1_000_000],
    ["1,000,000", 1_000_000],
    ["500k", 500_000],
    ["40M", 40_000_000],
  ] as const) {
    assert.equal(parseCount(text, 1, 40_000_000), count);
  }
  for (const text of ["", "0", "-1", "1.5", "1m", "10,00", "41M", "1e6", "many"]) {
    assert.throws(() => parseCount(text, 1, 40_000_000), RangeError, text);
  }
});
