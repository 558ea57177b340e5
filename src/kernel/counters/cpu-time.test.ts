import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCpuTimes } from "./cpu-time.ts";

test("each CPU by itself, in milliseconds; waiting is not busy", () => {
  const text = `cpu  11 22 33 44 55 66 77 88 99 0
cpu0 1 2 3 1000 50 4 5 6 0 0
cpu3 0 0 0 10 0 0 700 0 0 0
intr 1 2 3
`;
  assert.deepEqual(parseCpuTimes(text), [
    { cpu: 0, softirq: 50, busy: 210 },
    { cpu: 3, softirq: 7000, busy: 7000 },
  ]);
});

test("a kernel that tells nothing", () => {
  assert.deepEqual(parseCpuTimes("btime 1\n"), []);
});
