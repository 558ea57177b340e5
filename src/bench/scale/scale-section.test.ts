import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScaleResult } from "./scale-benchmark.ts";
import { scaleSection } from "./scale-section.ts";

const RESULT: ScaleResult = {
  held: 10_000_000,
  seconds: 50,
  cpuSeconds: 48,
  curve: [{ held: 5_000_000, perSecond: 220_000, perCpuSecond: 230_000 }],
  buckets: 40_000_000,
  memoryBytes: 3_000_000_000,
  hashBytes: 320_000_000,
  sample: { connections: 6400, delivered: 6400, answered: 6400 },
  heldAfter: 10_000_000,
  tearDownPerSecond: 350_000,
};

test("what was held, its memory, and that all of the sample works", () => {
  const { tables, findings } = scaleSection(RESULT);
  const rows = Object.fromEntries(tables[0]?.rows.map(([name = "", value = ""]) => [name, value]) ?? []);
  assert.equal(rows["bytes for each"], "300");
  assert.equal(rows["new connections a second"], "200,000");
  assert.deepEqual(findings, ["All of the 6,400 sampled connections were forwarded in both directions."]);
});

test("a sample that does not all work is not called well", () => {
  const sample = { connections: 6400, delivered: 6399, answered: 6398 };
  assert.deepEqual(scaleSection({ ...RESULT, sample, heldAfter: 10_000_001 }).findings, [
    "Of 6,400 sampled connections 6,399 were forwarded and 6,398 answered.",
    "The count went from 10,000,000 to 10,000,001: some packets made new entries.",
  ]);
});
