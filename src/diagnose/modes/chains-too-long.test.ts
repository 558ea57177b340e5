import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./chains-too-long.ts";

const FEW = { "conntrack.count": 100_000, "conntrack.buckets": 16_384 };

const TABLE: readonly (readonly [what: string, changes: SignalChanges, summary: string | undefined])[] = [
  ["an ordinary gateway", {}, undefined],
  ["full, with the kernel's own buckets", { levels: { "conntrack.count": 262_144 } }, undefined],
  ["a million in the kernel's own buckets", { levels: { "conntrack.count": 1_000_000 } }, undefined],
  ["few buckets", { levels: FEW }, "100,000 connections in 16,384 buckets: 12.2 in a chain"],
  [
    "few buckets, and connections are refused",
    { levels: FEW, deltas: { "conntrack.chainTooLong": 40, "conntrack.insertFailed": 40 } },
    "20 /s connections refused because their hash bucket is full; chains hold 12.2 on average",
  ],
  [
    "one bucket is crowded",
    { drops: [drop("chain-too-long", 600)] },
    "300 /s connections refused because their hash bucket is full; chains hold 0.0 on average",
  ],
  ["connections clash", { deltas: { "conntrack.insertFailed": 40, "conntrack.drop": 40 } }, undefined],
];

for (const [what, changes, summary] of TABLE) {
  test(`chains-too-long: ${what}`, () => {
    assert.deepEqual(
      mode.examine(signals(changes)).map((one) => one.summary),
      summary === undefined ? [] : [summary],
    );
  });
}

test("chains-too-long: as many buckets as the table may hold, and looks further where only some are crowded", () => {
  const [few] = mode.examine(signals({ levels: FEW }));
  assert.deepEqual(few?.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_buckets", value: "262144" },
  ]);
  const [crowded] = mode.examine(
    signals({
      drops: [drop("chain-too-long", 600)],
      table: {
        zones: [
          { key: "0", count: 9 },
          { key: "7", count: 9 },
        ],
      },
    }),
  );
  assert.ok(crowded !== undefined);
  assert.equal(crowded.fixes[0]?.safe, undefined);
  assert.ok(crowded.evidence.some(({ what }) => what.includes("zones")));
  assert.deepEqual(crowded.fixes[1]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_buckets", value: "1048576" },
  ]);
});
