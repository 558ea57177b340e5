import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { conntrackDelta, splitHookDrops } from "./split.ts";

const delta = (drop: number, insertFailed: number, chainTooLong: number) => ({ drop, insertFailed, chainTooLong });

void test("counters tell apart what dies in one function", () => {
  const cases = [
    [100, delta(100, 0, 0), { "table-full": 100 }],
    [100, delta(100, 100, 0), { "port-exhaustion": 100 }],
    [100, delta(0, 100, 100), { "chain-too-long": 100 }],
    [100, delta(80, 50, 20), { "table-full": 50, "port-exhaustion": 30, "chain-too-long": 20 }],
    [100, delta(0, 0, 0), { hook: 100 }],
    [100, delta(40, 0, 0), { "table-full": 40, hook: 60 }],
    // Read a moment apart.
    [1000, delta(998, 0, 0), { "table-full": 1000 }],
    [1000, delta(1003, 0, 0), { "table-full": 1000 }],
    [100, undefined, { netfilter: 100 }],
  ] as const;
  for (const [packets, counters, parts] of cases) {
    assert.deepEqual(Object.fromEntries(splitHookDrops(packets, counters)), parts);
  }
});

void test("counters of 32 bits wrap", () => {
  assert.deepEqual(conntrackDelta(delta(0xffffffff, 5, 0), delta(9, 5, 2)), delta(10, 0, 2));
});

void test("the parts add up, whatever the counters say", () => {
  const counter = fc.nat(100_000);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), counter, counter, counter, (packets, drop, failed, long) => {
      const parts = [...splitHookDrops(packets, delta(drop, failed, long)).values()];
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0),
        packets,
      );
      assert.ok(parts.every((part) => Number.isInteger(part) && part > 0));
    }),
  );
});
