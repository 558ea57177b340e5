import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { duration, percent, rate, signedRate, whole } from "./quantity.ts";

const CASES: readonly (readonly [shown: string, expected: string])[] = [
  [whole(1234567.4), "1,234,567"],
  [rate(0), "0"],
  [rate(0.04), "0"],
  [rate(-0.04), "0"],
  [rate(0.5), "0.5"],
  [rate(9), "9"],
  [rate(1234.5), "1,235"],
  [signedRate(5), "+5"],
  [signedRate(-1234), "-1,234"],
  [signedRate(0.01), "0"],
  [percent(0), "0.0 %"],
  [percent(0.0004), "< 0.1 %"],
  [percent(0.0512), "5.1 %"],
  [percent(0.478), "48 %"],
  [percent(1.01), "101 %"],
  [duration(0.2), "0 s"],
  [duration(59.6), "1 min"],
  [duration(200), "3 min 20 s"],
  [duration(7500), "2 h 5 min"],
  [duration(90_000), "1 d 1 h"],
  [duration(86_460), "1 d"],
];

describe("quantities", () => {
  for (const [index, [shown, expected]] of CASES.entries()) {
    test(`${index}: ${expected}`, () => assert.equal(shown, expected));
  }
});
