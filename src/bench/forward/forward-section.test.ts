import assert from "node:assert/strict";
import { test } from "node:test";
import type { ForwardArm } from "./arms.ts";
import type { ForwardMeasurement, ForwardResult } from "./forward-benchmark.ts";
import { forwardSection } from "./forward-section.ts";
import { forwardJson } from "./result.ts";
import type { ForwardTrial } from "./trial.ts";

const SPEEDS: Readonly<Record<ForwardArm, number>> = {
  generator: 9e6,
  ceiling: 4e6,
  routed: 1e6,
  netfilter: 6e5,
  tc: 9e5,
  xdp: 3e6,
};

/** Ten rounds, each a little faster than the one before. */
function trials(pps: number): ForwardTrial[] {
  return Array.from({ length: 10 }, (_, round) => ({
    pps: pps * (1 + round / 1000),
    sent: pps,
    received: pps - (round === 0 ? 1 : 0),
    seconds: 1,
    cpuNanoseconds: 1e9 / pps,
  }));
}

function measurement(table: number): ForwardMeasurement {
  return {
    condition: { mix: { kind: "even", connections: 1000 }, table, length: { warmUp: 0, measured: 1000 } },
    inTable: table,
    trials: {
      generator: trials(SPEEDS.generator),
      ceiling: trials(SPEEDS.ceiling),
      routed: trials(SPEEDS.routed),
      netfilter: trials(SPEEDS.netfilter),
      tc: trials(SPEEDS.tc),
      xdp: trials(SPEEDS.xdp),
    },
  };
}

const RESULT: ForwardResult = {
  cpu: 1,
  arms: ["generator", "ceiling", "routed", "netfilter", "tc", "xdp"],
  measurements: [measurement(1000), measurement(1_000_000)],
  lossFree: { xdp: { rate: 2.9e6, lossAt: 2.93e6, trials: [] } },
};

test("ratios of the first condition are at the top of the JSON", () => {
  const { arms, ratios, ratioIntervals, measurements } = forwardJson(RESULT, 1);
  assert.equal(Math.round(arms.xdp?.pps ?? 0), 3_013_500);
  assert.ok(Math.abs((ratios.xdpVsNetfilter ?? 0) - 5) < 1e-9);
  assert.ok(Math.abs((ratios.xdpVsCeiling ?? 0) - 0.75) < 1e-9);
  assert.ok(Math.abs((ratios.tcVsNetfilter ?? 0) - 1.5) < 1e-9);
  assert.equal(ratioIntervals.xdpVsNetfilter?.length, 2);
  assert.deepEqual(
    measurements.map(({ inTable }) => inTable),
    [1000, 1_000_000],
  );
});

test("the section compares, says what limits, and draws a curve over the table", () => {
  const section = forwardSection(RESULT, 1);
  assert.match(section.findings[0] ?? "", /^1,000 connections in random order: xdp is 5\.00 times netfilter \(95 %: /);
  assert.match(section.limits.join(" "), /Of a packet's 332 ns by xdp, 249 ns go where nothing is looked up at all/);
  assert.deepEqual(
    section.charts.map(({ kind }) => kind),
    ["bars", "curves"],
  );
  const [rates] = section.tables;
  const [arm, pps, nanoseconds] = rates?.rows.find(([name]) => name === "xdp") ?? [];
  assert.deepEqual([arm, nanoseconds], ["xdp", "332"]);
  assert.match(pps ?? "", /^3\.014 \(3\.00\d - 3\.02\d\)$/);
  assert.equal(rates?.rows[0]?.at(-1), "0.0000 %");
});
