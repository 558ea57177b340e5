import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScanResult } from "../../kernel/conntrack/scan.ts";
import { Surveyor } from "./surveyor.ts";

const SCAN: ScanResult = {
  entries: 0,
  malformed: 0,
  unknownAttributes: 0,
  interrupted: false,
  complete: true,
  resized: false,
  countBefore: 0,
  countAfter: 0,
  seconds: 0,
};

/** How often the hash table is resized while it is read; how often it is read, and whether the last reading serves. */
const TABLE = [
  [0, 1, false],
  [1, 2, false],
  [2, 3, false],
  [9, 3, true],
] as const;

for (const [resizes, readings, resized] of TABLE) {
  test(`a table that is resized ${resizes} times is read ${readings} times`, () => {
    let read = 0;
    const table = { count: () => 0, scan: () => ({ ...SCAN, resized: read++ < resizes }) };
    const surveyor = new Surveyor({ namespace: undefined, supplies: [] }, table);
    const answer = surveyor.answer({ kind: "survey", question: { order: "connections", filter: "", rows: 10 } });
    assert.ok(answer.kind === "survey", JSON.stringify(answer));
    assert.deepEqual([read, answer.report.scan.resized], [readings, resized]);
  });
}
