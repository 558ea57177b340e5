import assert from "node:assert/strict";
import { test } from "node:test";
import { estimateRatio } from "./estimate.ts";
import { seededRandom } from "./random.ts";
import { verdictOf, verdictSentence } from "./verdict.ts";

test("what a ratio shows", () => {
  const ratio = (low: number, high: number, rounds = 10) => ({ ratio: (low + high) / 2, low, high, rounds });
  assert.equal(verdictOf(ratio(1.01, 1.2)), "more");
  assert.equal(verdictOf(ratio(0.8, 0.99)), "less");
  assert.equal(verdictOf(ratio(0.99, 1.4)), "no-difference-shown");
  assert.equal(verdictOf(ratio(1, 1.4)), "no-difference-shown");
  assert.equal(verdictOf(ratio(3, 4, 5)), "too-few-runs");
});

test("the sentences", () => {
  const of = (ratio: number, low: number, high: number, rounds = 10): string =>
    verdictSentence("xdp", "netfilter", { ratio, low, high, rounds });
  assert.equal(of(3.971, 3.9, 4.049), "xdp is 3.97 times netfilter (95 %: 3.90 to 4.05)");
  assert.equal(of(1.02, 0.97, 1.05), "xdp against netfilter: no difference shown (95 %: 0.97 to 1.05 times)");
  assert.match(of(2, 1.8, 2.2, 3), /^xdp against netfilter: 2\.00 in 3 rounds .* too few to call it a difference$/);
});

test("noise is seldom called a difference, and a difference seldom noise", () => {
  const random = seededRandom(4);
  const SETS = 200;
  const noisy = (): number => 1 + 0.05 * (random() + random() + random() - 1.5);
  let called = 0;
  let missed = 0;
  for (let set = 0; set < SETS; set++) {
    const one = Array.from({ length: 10 }, noisy);
    const other = Array.from({ length: 10 }, noisy);
    if (verdictOf(estimateRatio(one, other, set)) !== "no-difference-shown") called++;
    const faster = one.map((value) => value * 1.1);
    if (verdictOf(estimateRatio(faster, other, set)) !== "more") missed++;
  }
  assert.ok(called / SETS <= 0.09, `${called} of ${SETS} times noise was called a difference`);
  assert.ok(missed / SETS <= 0.02, `${missed} of ${SETS} times a tenth more was not seen`);
});
