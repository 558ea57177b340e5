import assert from "node:assert/strict";
import { test } from "node:test";
import { score, type CleanResult } from "./drill.ts";
import type { FaultResult } from "./run-fault.ts";

const fault = (more: Partial<FaultResult> = {}): FaultResult => ({
  id: "x",
  title: "x",
  found: true,
  others: [],
  seconds: 1,
  ...more,
});
const clean = (...findings: readonly string[]): CleanResult => ({ id: "idle", title: "idle", findings, seconds: 1 });

/** [what it is about, faults, clean labs, recall, precision, ok] */
const CASES: readonly (readonly [string, readonly FaultResult[], readonly CleanResult[], number, number, boolean])[] = [
  ["all right", [fault(), fault()], [clean()], 1, 1, true],
  ["one missed", [fault(), fault({ found: false })], [clean()], 0.5, 1, false],
  ["one false", [fault(), fault(), fault({ others: ["y"] })], [], 1, 0.75, false],
  ["not silent about health", [fault()], [clean("y")], 1, 0.5, false],
  ["skipped ones do not count", [fault(), fault({ found: false, skipped: "no bonding" })], [], 1, 1, true],
  ["the fix did not help", [fault({ fixed: "still there" })], [], 1, 1, false],
  ["nothing drilled", [], [], 1, 1, true],
];

void test("recall, precision and whether all is well", async (t) => {
  for (const [name, faults, labs, recall, precision, ok] of CASES) {
    await t.test(name, () => {
      const scored = score(faults, labs);
      assert.deepEqual([scored.recall, scored.precision, scored.ok], [recall, precision, ok]);
    });
  }
});
