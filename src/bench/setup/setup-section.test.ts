import assert from "node:assert/strict";
import { test } from "node:test";
import { estimateMedian, estimateRatioOfMedians } from "../method/estimate.ts";
import type { SetupArmResult, SetupLevel } from "./setup-benchmark.ts";
import { setupSection } from "./setup-section.ts";

function level(held: number, rates: readonly number[], refused = 0): SetupLevel {
  const estimate = estimateMedian(rates);
  return { held, perCpuSecond: estimate, perSecond: estimate, tried: 6000, refused };
}

function arm(empty: number, full: number, selection: string): SetupArmResult {
  const around = (rate: number): number[] => [-3, -2, -1, 1, 2, 3].map((percent) => rate * (1 + percent / 100));
  return {
    settings: { max: 1_020_000, buckets: 4_000_000, selection, earlyDemux: selection === "preserve" },
    levels: [level(0, around(empty)), level(1_000_000, around(full), 7)],
    emptyAgain: level(0, around(empty)),
    tearDown: { connections: 1_000_000, perSecond: estimateMedian([300_000]) },
  };
}

test("the curve, the ratios, and whether the rate is flat enough", () => {
  const arms = { stock: arm(200_000, 90_000, "preserve"), planned: arm(200_000, 170_000, "random") };
  const runs = (which: SetupArmResult, at: number): readonly number[] => which.levels[at]?.perCpuSecond.runs ?? [];
  const section = setupSection({
    slice: 1000,
    arms,
    ratios: {
      stockFullVsEmpty: estimateRatioOfMedians(runs(arms.stock, 1), runs(arms.stock, 0)),
      plannedFullVsEmpty: estimateRatioOfMedians(runs(arms.planned, 1), runs(arms.planned, 0)),
      plannedVsStockFull: estimateRatioOfMedians(runs(arms.planned, 1), runs(arms.stock, 1)),
    },
  });
  assert.deepEqual(
    section.tables[0]?.rows.map(([name, stock, planned]) => [name, stock?.split(" ")[0], planned?.split(" ")[0]]),
    [
      ["0", "200", "200"],
      ["1,000,000", "90", "170"],
      ["empty again", "200", "200"],
      ["full / empty", "0.45", "0.85"],
    ],
  );
  assert.deepEqual(section.tables[1]?.rows[0], [
    "stock",
    "1,020,000",
    "4,000,000",
    "preserve",
    "on",
    "7 of 12,000",
    "300,000",
  ]);
  assert.equal(section.findings.at(-1), "At least 0.75 of the rate at an empty table: met.");
});
