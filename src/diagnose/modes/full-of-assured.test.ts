import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, state, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./full-of-assured.ts";

const COUNT = 250_000;
const levels = { "conntrack.count": COUNT };

function full(assured: number, closing = 0, idle = 0): SignalChanges {
  const open = COUNT - closing;
  return {
    levels,
    table: {
      entries: COUNT,
      states: [
        state({ protocol: 6, state: "ESTABLISHED", count: open, assured, idle: [open - idle, 0, 0, 0, idle, 0, 0] }),
        state({ protocol: 6, state: "TIME_WAIT", count: closing, assured: closing }),
      ],
    },
  };
}

const TABLE: readonly (readonly [what: string, changes: SignalChanges, severity: string | undefined])[] = [
  ["an ordinary gateway", {}, undefined],
  ["all assured, half empty", { ...full(COUNT), levels: { "conntrack.count": 130_000 } }, undefined],
  ["nearly full of assured ones", full(COUNT), "risk"],
  ["full, and packets are dropped", { ...full(COUNT), drops: [drop("table-full", 900)] }, "loss"],
  ["half of it not assured", full(COUNT / 2), undefined],
  ["a third of it closing, which the kernel cuts short", full(COUNT / 1.5, COUNT / 3), undefined],
  ["assured, but some do give way", { ...full(COUNT), deltas: { "conntrack.earlyDrop": 500 } }, undefined],
  [
    "few give way among many drops",
    { ...full(COUNT), drops: [drop("table-full", 900)], deltas: { "conntrack.earlyDrop": 20 } },
    "loss",
  ],
];

for (const [what, changes, severity] of TABLE) {
  test(`full-of-assured: ${what}`, () => {
    const found = mode.examine(signals(changes));
    assert.deepEqual(
      found.map((one) => one.severity ?? mode.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

test("full-of-assured: changes the timeout only where the idle fill the table", () => {
  const settings = { "net.netfilter.nf_conntrack_tcp_timeout_established": "432000" };
  const names = (idle: number): readonly string[] =>
    mode
      .examine(signals({ ...full(COUNT, 0, idle), settings }))[0]
      ?.fixes[0]?.safe?.map((one) => (one.kind === "sysctl" ? one.name : one.kind)) ?? [];
  assert.ok(!names(1000).includes("net.netfilter.nf_conntrack_tcp_timeout_established"));
  assert.ok(names(100_000).includes("net.netfilter.nf_conntrack_tcp_timeout_established"));
});

test("full-of-assured: proposes a limit where one subscriber has much of it", () => {
  const fixes = (count: number) =>
    mode.examine(
      signals({ ...full(COUNT), table: { ...full(COUNT).table, subscribers: [{ key: "10.64.1.9", count }] } }),
    )[0]?.fixes.length;
  assert.equal(fixes(1000), 1);
  assert.equal(fixes(60_000), 2);
});
