import assert from "node:assert/strict";
import { test } from "node:test";
import type { CounterSignal } from "../../diagnose/signals.ts";
import type { Reading } from "../counters/reading.ts";
import { counterSignals, readingsOf } from "./counter-signals.ts";

const counter = (value: number, more: Partial<Reading> = {}): Reading => ({
  kind: "counter",
  bits: 64,
  value,
  ...more,
});

const CASES: readonly (readonly [string, Reading | undefined, Reading, CounterSignal])[] = [
  ["a counter goes up", counter(5), counter(9), { kind: "counter", value: 9, delta: 4 }],
  [
    "a level goes down",
    counter(9, { kind: "gauge" }),
    counter(5, { kind: "gauge" }),
    { kind: "gauge", value: 5, delta: -4 },
  ],
  ["nothing is known of before", undefined, counter(9), { kind: "counter", value: 9 }],
  ["a counter was made anew", counter(9), counter(2), { kind: "counter", value: 2 }],
  [
    "32 bits are full",
    counter(0xffff_fffe, { bits: 32 }),
    counter(3, { bits: 32 }),
    { kind: "counter", value: 3, bits: 32, delta: 5 },
  ],
  [
    "by CPU, one of which was switched on meanwhile",
    counter(10, { cpus: { 0: 10 } }),
    counter(17, { cpus: { 0: 12, 1: 5 } }),
    { kind: "counter", value: 17, delta: 7, cpus: { 0: 12, 1: 5 }, cpuDeltas: { 0: 2, 1: 5 } },
  ],
];

for (const [what, before, after, expected] of CASES) {
  test(what, () => {
    assert.deepEqual(counterSignals(before === undefined ? {} : { x: before }, { x: after }, 1), { x: expected });
    // An earlier look's signals serve as well as its readings.
    const again = counterSignals({}, before === undefined ? {} : { x: before }, 1);
    assert.deepEqual(counterSignals(readingsOf(again), { x: after }, 1), { x: expected });
  });
}
