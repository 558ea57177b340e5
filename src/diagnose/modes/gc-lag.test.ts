import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./gc-lag.ts";

const MAX = 262_144;

function table(entries: number, expired: number): SignalChanges {
  return { levels: { "conntrack.count": entries + expired }, table: { entries, expired } };
}

const TABLE: readonly (readonly [what: string, changes: SignalChanges, severity: string | undefined])[] = [
  ["an ordinary gateway", {}, undefined],
  ["half of a nearly full table is expired", table(MAX * 0.45, MAX * 0.45), "risk"],
  ["and packets are dropped", { ...table(MAX / 2, MAX / 2), drops: [drop("table-full", 700)] }, "loss"],
  ["half of a table with room is expired: the kernel comes round in time", table(60_000, 60_000), undefined],
  ["few of a full table are expired", table(MAX * 0.9, MAX * 0.1), undefined],
  [
    "half of a full table went between the count and the look",
    { levels: { "conntrack.count": MAX }, table: { entries: MAX / 2, expired: 0 } },
    "risk",
  ],
  ["nobody knows: the pass over the table was interrupted", { levels: { "conntrack.count": MAX } }, undefined],
];

for (const [what, changes, severity] of TABLE) {
  test(`gc-lag: ${what}`, () => {
    const found = mode.examine(signals(changes));
    assert.deepEqual(
      found.map((one) => one.severity ?? mode.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

test("gc-lag: says how much of the table it is", () => {
  const [found] = mode.examine(signals(table(100_000, 160_000)));
  assert.equal(found?.summary, "160,000 of 260,000 connections are expired and take up room");
});
