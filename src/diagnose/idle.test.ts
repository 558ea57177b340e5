import assert from "node:assert/strict";
import { test } from "node:test";
import { state } from "../../test/fixtures/signals.ts";
import { idleAtMost, idleLonger } from "./idle.ts";

// Up to 10 s, 1 min, 10 min, 1 h, 12 h, 1 d, longer.
const STATES = [
  state({ protocol: 6, count: 28, idle: [1, 2, 3, 4, 5, 6, 7] }),
  state({ protocol: 17, count: 100, idle: [100, 0, 0, 0, 0, 0, 0] }),
  // Of this one nobody knows.
  state({ protocol: 47, count: 9 }),
];

const TABLE: readonly (readonly [seconds: number, longer: number, atMost: number])[] = [
  [10, 27, 101],
  [600, 22, 106],
  [3600, 18, 110],
  [86_400, 7, 121],
];

for (const [seconds, longer, atMost] of TABLE) {
  test(`idle: ${seconds} s`, () => {
    assert.equal(idleLonger(STATES, seconds), longer);
    assert.equal(idleAtMost(STATES, seconds), atMost);
  });
}

test("idle: refuses a time that is not counted", () => {
  assert.throws(() => idleLonger(STATES, 7440), RangeError);
});
