import assert from "node:assert/strict";
import { test } from "node:test";
import { progressBar, progressLine } from "./progress-bar.ts";

test("a line tells percent, counts and rate; the bar only where it is wanted", () => {
  const cases: [number, number, number, boolean, string][] = [
    [0, 1_000_000, 0, true, "[------------------------------]   0 %  0 of 1,000,000 translations"],
    [
      500_000,
      1_000_000,
      2,
      true,
      "[###############---------------]  50 %  500,000 of 1,000,000 translations  250,000/s",
    ],
    [999_999, 1_000_000, 4, false, " 99 %  999,999 of 1,000,000 translations  250,000/s"],
    [10, 10, 1, true, "[##############################] 100 %  10 of 10 translations  10/s"],
  ];
  for (const [done, total, seconds, withBar, line] of cases) {
    assert.equal(progressLine(done, total, seconds, withBar), line);
  }
});

/** How many lines are drawn in four seconds of steady work. */
function drawn(terminal: boolean): number {
  const lines: string[] = [];
  let time = 0;
  const draw = progressBar({ terminal, progress: (line) => lines.push(line) }, 100, () => time);
  for (; time <= 4000; time += 50) draw(Math.min(99, time / 50));
  draw(100);
  return lines.length;
}

test("a log gets a line every two seconds and the last one, a terminal ten a second", () => {
  assert.equal(drawn(false), 4);
  assert.equal(drawn(true), 42);
});
