import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseIperf3 } from "./iperf3.ts";
import { parseWrk } from "./wrk.ts";

/** What iperf3 3.12 and wrk 4.1.0 printed. */
const recorded = (file: string): string =>
  readFileSync(new URL(`../../../test/fixtures/${file}`, import.meta.url), "utf8");

test("wrk: rate and percentiles, whatever their unit", () => {
  assert.deepEqual(parseWrk(recorded("wrk/finished.txt")), {
    requestsPerSecond: 271.34,
    requests: 274,
    failed: 0,
    latency: { p50: 11.45, p90: 61.34, p99: 160.54 },
  });
  const other = recorded("wrk/finished.txt").replace("61.34ms", "1.50s").replace("11.45ms", "450.00us");
  assert.deepEqual(parseWrk(other).latency, { p50: 0.45, p90: 1500, p99: 160.54 });
});

test("wrk: what failed is counted", () => {
  const { requests, failed } = parseWrk(recorded("wrk/failing.txt"));
  assert.deepEqual([requests, failed], [6711, 6711 + 1118]);
});

test("wrk: a run that did not begin", () => {
  assert.throws(() => parseWrk(recorded("wrk/refused.txt")), /wrk did not finish: unable to connect .* refused/);
  assert.throws(() => parseWrk(""), TypeError);
});

test("iperf3: what the receiver counted", () => {
  const { bitsPerSecond, receivedBytes, seconds, retransmits } = parseIperf3(recorded("iperf3/finished.json"));
  assert.equal(Math.round(bitsPerSecond), 1_812_845_844);
  assert.deepEqual([receivedBytes, seconds, retransmits], [51_249_152, 0.22616, 1]);
});

test("iperf3: a run that did not begin", () => {
  assert.throws(() => parseIperf3(recorded("iperf3/refused.json")), /unable to connect to server: Connection refused/);
});
