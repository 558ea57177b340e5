import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./resize-stall.ts";

const GROWN = { "conntrack.buckets": 262_144 };

const TABLE: readonly (readonly [what: string, changes: SignalChanges, severity: string | undefined])[] = [
  ["nobody touches it", {}, undefined],
  ["grown with few connections", { deltas: GROWN }, "note"],
  ["grown with a million", { levels: { "conntrack.count": 1_000_000 }, deltas: GROWN }, "degraded"],
  [
    "shrunk with a million",
    { levels: { "conntrack.count": 1_000_000 }, deltas: { "conntrack.buckets": -512 } },
    "degraded",
  ],
];

for (const [what, changes, severity] of TABLE) {
  test(`resize-stall: ${what}`, () => {
    assert.deepEqual(
      mode.examine(signals(changes)).map((one) => one.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

test("resize-stall: says what it was and what it is", () => {
  const levels = { "conntrack.buckets": 524_288, "conntrack.count": 1_000_000 };
  assert.equal(
    mode.examine(signals({ levels, deltas: GROWN }))[0]?.summary,
    "somebody changed the buckets from 262,144 to 524,288 with 1,000,000 connections in the table",
  );
});
