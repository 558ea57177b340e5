import assert from "node:assert/strict";
import { test } from "node:test";
import { STREAM_ARMS, type StreamArm } from "./arms.ts";
import type { HttpTrial } from "./http-benchmark.ts";
import { httpJson, httpSection } from "./http-section.ts";
import type { Iperf3Figures } from "./iperf3.ts";
import { tcpJson, tcpSection } from "./tcp-section.ts";

const SPEEDS: Readonly<Record<StreamArm, number>> = { direct: 1.5, netfilter: 1, tc: 1.25, xdp: 0.5, auto: 1.25 };

/** Eight rounds of an arm, all alike. */
function rounds<R>(of: (speed: number) => R): Record<StreamArm, R[]> {
  const arms = STREAM_ARMS.map((arm): [StreamArm, R[]] => [arm, Array.from({ length: 8 }, () => of(SPEEDS[arm]))]);
  return Object.fromEntries(arms) as Record<StreamArm, R[]>;
}

test("TCP is compared with netfilter", () => {
  const trial = (speed: number): Iperf3Figures => ({
    bitsPerSecond: speed * 8e9,
    receivedBytes: speed * 1e9,
    seconds: 1,
    retransmits: 2,
  });
  const result = { arms: STREAM_ARMS, trials: rounds(trial), chosen: "lan tc, wan tc" };
  const { ratios, arms, autoChose } = tcpJson(result, 1);
  assert.deepEqual(ratios, { directVsNetfilter: 1.5, tcVsNetfilter: 1.25, xdpVsNetfilter: 0.5, autoVsNetfilter: 1.25 });
  assert.equal(arms["xdp"]?.bitsPerSecond, 4e9);
  assert.equal(autoChose, "lan tc, wan tc");
  const { tables, findings, method } = tcpSection(result, 1);
  assert.deepEqual(tables[0]?.rows[3], ["xdp", "4.00 (4.00 - 4.00)", "0.50 (0.50 - 0.50)", "16"]);
  assert.match(findings.join("\n"), /^Bulk TCP: xdp is 0\.50 times netfilter \(95 %: 0\.50 to 0\.50\)\.$/m);
  assert.match(method, /auto chose: lan tc, wan tc\.$/);
});

test("HTTP is compared with direct, for each tool", () => {
  const latency = { p50: 1, p90: 2, p99: 3 };
  const trial = (speed: number): HttpTrial => ({
    ab: {
      finished: true,
      completed: 1000,
      failed: 1,
      refused: 0,
      seconds: 1,
      requestsPerSecond: speed * 5000,
      millisecondsPerRequest: 1,
      latency,
    },
    wrk: { requestsPerSecond: 7500, requests: 7500, failed: 0, latency },
  });
  const result = { arms: STREAM_ARMS, trials: rounds(trial), chosen: undefined };
  const { ab, wrk, connections } = httpJson(result, 100, 1);
  assert.equal(connections, 100);
  assert.ok(Math.abs((ab.ratios["netfilterVsDirect"] ?? 0) - 2 / 3) < 1e-9);
  assert.equal(ab.arms["auto"]?.failed, 8);
  assert.deepEqual(wrk.ratioIntervals["autoVsDirect"], [1, 1]);
  const { tables, findings } = httpSection(result, 100, 1);
  assert.deepEqual(tables[1]?.rows[1], [
    "netfilter",
    "7500 (7500 - 7500)",
    "1.00 (1.00 - 1.00)",
    "1.0",
    "2.0",
    "3.0",
    "0",
  ]);
  assert.match(
    findings.join("\n"),
    /^HTTP by wrk: auto against direct: no difference shown \(95 %: 1\.00 to 1\.00 times\)\.$/m,
  );
});
