import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, logged, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./table-full.ts";

const FULL = { levels: { "conntrack.count": 262_144 } };

const TABLE: readonly (readonly [
  what: string,
  changes: SignalChanges,
  severity: string | undefined,
  summary: string,
])[] = [
  ["half empty", { levels: { "conntrack.count": 130_000 } }, undefined, ""],
  ["just under nine tenths", { levels: { "conntrack.count": 235_000 } }, undefined, ""],
  ["nearly full", { levels: { "conntrack.count": 240_000 } }, "risk", "240,000 of 262,144 connections: 8.45 % left"],
  [
    "full, and packets are dropped",
    { ...FULL, drops: [drop("table-full", 420)], deltas: { "conntrack.drop": 420 } },
    "loss",
    "262,144 of 262,144 connections; 420 packets dropped in 2.0 s",
  ],
  [
    "full, and only the counter tells",
    { ...FULL, without: ["drops"], deltas: { "conntrack.drop": 420 } },
    "loss",
    "262,144 of 262,144 connections; 420 packets dropped in 2.0 s",
  ],
  [
    "the counter goes up for another reason",
    { without: ["drops"], deltas: { "conntrack.drop": 420, "conntrack.insertFailed": 420 } },
    undefined,
    "",
  ],
  ["full some minutes ago", { log: [logged("table-full", 0, { count: 900 })] }, undefined, ""],
];

for (const [what, changes, severity, summary] of TABLE) {
  test(`table-full: ${what}`, () => {
    const [found, ...more] = mode.examine(signals(changes));
    assert.deepEqual(more, []);
    assert.equal(found && (found.severity ?? mode.severity), severity);
    assert.equal(found?.summary ?? "", summary);
  });
}

test("table-full: explains all drops of the cause, and raises limit and buckets", () => {
  const [found] = mode.examine(signals({ ...FULL, drops: [drop("table-full", 420)], log: [logged("table-full", 9)] }));
  assert.deepEqual(found?.explains, [{ cause: "table-full" }]);
  assert.deepEqual(found?.fixes[0]?.commands, [
    "sysctl -w net.netfilter.nf_conntrack_buckets=1048576",
    "sysctl -w net.netfilter.nf_conntrack_max=1048576",
  ]);
  assert.ok(found.evidence.some(({ what, value }) => what.startsWith("kernel log") && value === "9"));
});

test("table-full: leaves buckets that suffice, and three quarters of the memory", () => {
  const [found] = mode.examine(
    signals({
      levels: { "conntrack.count": 4_000_000, "conntrack.max": 4_000_000 },
      settings: { "net.netfilter.nf_conntrack_buckets": "16777216" },
      host: { memoryBytes: 8 * 2 ** 30 },
    }),
  );
  assert.deepEqual(found?.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_max", value: String(Math.floor(2 ** 31 / 384)) },
  ]);
});
