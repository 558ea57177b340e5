import assert from "node:assert/strict";
import { test } from "node:test";
import { totalmem } from "node:os";
import { benchmarkScale } from "../../src/bench/scale/scale-benchmark.ts";
import { benchmarkSetup, SETUP_ARMS } from "../../src/bench/setup/setup-benchmark.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

const LIMITS = ["nf_conntrack_max", "nf_conntrack_buckets"].map((name) => `net.netfilter.${name}`);
const limits = (): (string | undefined)[] => LIMITS.map((name) => readSysctl(undefined, name));

void test("new connections at two levels, and the host's limits as before", NEEDS_ROOT, async () => {
  const before = limits();
  const result = await benchmarkSetup({ levels: [0, 30_000], slice: 2000, trials: 2, rounds: 1, seed: 1 });
  assert.deepEqual(limits(), before);
  for (const arm of SETUP_ARMS) {
    const { levels, emptyAgain, tearDown } = result.arms[arm];
    // Every trial's connections were removed again, so that the levels are what the kernel counts.
    assert.deepEqual(
      [...levels, emptyAgain].map(({ held, tried, refused }) => [held, tried, refused]),
      [
        [0, 4000, 0],
        [30_000, 4000, 0],
        [0, 4000, 0],
      ],
    );
    assert.equal(tearDown.connections, 30_000);
  }
});

void test("translations held, each of a sample used again without a new entry", NEEDS_ROOT, async () => {
  const before = limits();
  const result = await benchmarkScale({ connections: 40_000, sample: 640, seed: 1, memoryBytes: totalmem() });
  assert.deepEqual(limits(), before);
  // A packet lost on its way makes it ask once more.
  assert.ok(result.held >= 40_000 && result.held <= 40_128, `${result.held} held`);
  assert.deepEqual(result.sample, { connections: 640, delivered: 640, answered: 640 });
  assert.equal(result.heldAfter, result.held);
});
