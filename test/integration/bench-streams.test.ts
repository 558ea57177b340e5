import assert from "node:assert/strict";
import { test } from "node:test";
import { fastPathBetween } from "../../src/bench/fast-path-switch.ts";
import { STREAM_ARMS } from "../../src/bench/streams/arms.ts";
import { benchmarkHttp } from "../../src/bench/streams/http-benchmark.ts";
import { benchmarkTcp } from "../../src/bench/streams/tcp-benchmark.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { LabWatch } from "../fixtures/labs-of.ts";

const skip = withoutEbpf();
const fastPath = fastPathBetween(["lan", "wan"]);

test("bulk TCP gets through by every arm", { skip }, async () => {
  const labs = new LabWatch();
  const { arms, trials, chosen } = await benchmarkTcp({
    arms: STREAM_ARMS,
    rounds: 1,
    seed: 1,
    megabytes: 20,
    fastPath,
    onStep: () => labs.look(),
  });
  assert.deepEqual(arms, STREAM_ARMS);
  for (const arm of arms) {
    const [first] = trials[arm];
    // The last of it may still be under way when iperf3 takes its sum.
    assert.ok((first?.receivedBytes ?? 0) > 15 * 2 ** 20, `${arm}: ${first?.receivedBytes} bytes`);
  }
  assert.match(chosen ?? "", /^lan (tc|xdp), wan (tc|xdp)$/);
  assert.ok(labs.seen > 0);
  assert.deepEqual(labs.left(), []);
});

test("every HTTP request is answered by every arm, to both tools", { skip }, async () => {
  const labs = new LabWatch();
  const { arms, trials } = await benchmarkHttp({
    arms: STREAM_ARMS,
    rounds: 1,
    seed: 1,
    connections: 10,
    abRequests: 200,
    wrkSeconds: 1,
    fastPath,
    onStep: () => labs.look(),
  });
  for (const arm of arms) {
    for (const { ab, wrk } of trials[arm]) {
      assert.deepEqual([ab.completed, ab.failed, ab.refused], [200, 0, 0], arm);
      assert.equal(wrk.failed, 0, arm);
      assert.ok(wrk.requests > 10 && wrk.latency.p99 >= wrk.latency.p50, arm);
    }
  }
  assert.ok(labs.seen > 0);
  assert.deepEqual(labs.left(), []);
});

test("interrupted, they say so and leave nothing behind", { skip }, async () => {
  const labs = new LabWatch();
  const stopping = new AbortController();
  const run = benchmarkTcp({
    arms: STREAM_ARMS,
    rounds: 1000,
    seed: 1,
    megabytes: 20,
    fastPath,
    onStep: (step) => {
      labs.look();
      if (step.includes("round 2")) stopping.abort();
    },
    signal: stopping.signal,
  });
  await assert.rejects(run, { code: "interrupted" });
  assert.ok(labs.seen > 0);
  assert.deepEqual(labs.left(), []);
});
