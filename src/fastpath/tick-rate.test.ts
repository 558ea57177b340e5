import { equal } from "node:assert/strict";
import { test } from "node:test";
import { nearestRate } from "./tick-rate.ts";

// A tick more or less in a tenth of a second, and what a busy machine adds.
const CASES: readonly [measured: number, rate: number][] = [
  [100, 100],
  [91, 100],
  [112, 100],
  [240, 250],
  [262, 250],
  [290, 300],
  [310, 300],
  [990, 1000],
];

for (const [measured, rate] of CASES) {
  test(`${measured} ticks a second are ${rate}`, () => {
    equal(nearestRate(measured), rate);
  });
}
