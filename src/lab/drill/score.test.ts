import assert from "node:assert/strict";
import { test } from "node:test";
import type { CleanResult } from "./drill.ts";
import type { FaultResult } from "./run-fault.ts";
import { areWorstFirst, type TogetherResult } from "./run-together.ts";
import { score } from "./score.ts";

const fault = (more: Partial<FaultResult> = {}): FaultResult => ({
  id: "x",
  title: "x",
  found: true,
  others: [],
  seconds: 1,
  ...more,
});
const pair = (more: Partial<TogetherResult> = {}): TogetherResult => ({
  ...fault(),
  faults: ["x", "y"],
  named: ["x", "y"],
  worstFirst: true,
  ...more,
});
const clean = (...findings: readonly string[]): CleanResult => ({ id: "idle", title: "idle", findings, seconds: 1 });

type Case = readonly [
  what: string,
  faults: readonly FaultResult[],
  together: readonly TogetherResult[],
  labs: readonly CleanResult[],
  recall: number,
  precision: number,
  ok: boolean,
];

const CASES: readonly Case[] = [
  ["all right", [fault(), fault()], [pair()], [clean()], 1, 1, true],
  ["one missed", [fault(), fault({ found: false })], [], [clean()], 0.5, 1, false],
  ["one false", [fault(), fault(), fault({ others: ["y"] })], [], [], 1, 0.75, false],
  ["not silent about health", [fault()], [], [clean("y")], 1, 0.5, false],
  ["skipped ones do not count", [fault(), fault({ found: false, skipped: "no bonding" })], [], [], 1, 1, true],
  ["the fix did not help", [fault({ fixed: "still there" })], [], [], 1, 1, false],
  ["nothing drilled", [], [], [], 1, 1, true],
  ["one of a pair missed", [fault(), fault()], [pair({ named: ["y"], found: false })], [], 0.75, 1, false],
  ["not the worst first", [], [pair({ worstFirst: false, found: false })], [], 1, 1, false],
  ["a pair and a false one", [fault()], [pair({ others: ["z"] })], [], 1, 0.75, false],
  ["a pair that cannot be planted", [fault()], [pair({ named: [], found: false, skipped: "no" })], [], 1, 1, true],
  ["a clean lab that could not be built", [fault()], [], [{ ...clean(), complaint: "no room" }], 1, 1, false],
];

for (const [what, faults, together, labs, recall, precision, ok] of CASES) {
  test(what, () => {
    assert.deepEqual(score(faults, together, labs), { recall, precision, ok });
  });
}

const ORDERS: readonly (readonly [string, Parameters<typeof areWorstFirst>[0], boolean])[] = [
  ["nothing", [], true],
  [
    "severity",
    [
      { severity: "loss", lossPerSecond: 0 },
      { severity: "note", lossPerSecond: 0 },
    ],
    true,
  ],
  [
    "severity before loss",
    [
      { severity: "loss", lossPerSecond: 1 },
      { severity: "degraded", lossPerSecond: 9 },
    ],
    true,
  ],
  [
    "a note before a risk",
    [
      { severity: "note", lossPerSecond: 0 },
      { severity: "risk", lossPerSecond: 0 },
    ],
    false,
  ],
  [
    "less loss first",
    [
      { severity: "loss", lossPerSecond: 1 },
      { severity: "loss", lossPerSecond: 2 },
    ],
    false,
  ],
];

for (const [what, findings, expected] of ORDERS) {
  test(`worst first: ${what}`, () => assert.equal(areWorstFirst(findings), expected));
}
