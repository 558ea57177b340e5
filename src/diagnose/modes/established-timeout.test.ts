import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, state, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./established-timeout.ts";

const FIVE_DAYS = { "net.netfilter.nf_conntrack_tcp_timeout_established": "432000" };

function idle(protocol: number, count: number, ofEntries: number): NonNullable<SignalChanges["table"]> {
  return {
    entries: ofEntries,
    states: [
      state({
        protocol,
        state: protocol === 6 ? "ESTABLISHED" : "",
        count: ofEntries,
        assured: ofEntries,
        idle: [ofEntries - count, 0, 0, 0, 0, 0, count],
      }),
    ],
  };
}

const TABLE: readonly (readonly [what: string, changes: SignalChanges, severity: string | undefined])[] = [
  ["five days, few idle", { settings: FIVE_DAYS }, undefined],
  ["five days, many idle", { settings: FIVE_DAYS, table: idle(6, 80_000, 100_000) }, "risk"],
  ["two hours, many idle", { table: idle(6, 80_000, 100_000) }, undefined],
  ["five days, idle but far from the limit", { settings: FIVE_DAYS, table: idle(6, 3000, 4000) }, "note"],
  ["five days, idle among many more that are not", { settings: FIVE_DAYS, table: idle(6, 80_000, 400_000) }, undefined],
  ["five days, and UDP is what idles", { settings: FIVE_DAYS, table: idle(17, 80_000, 100_000) }, undefined],
  ["five days, a handful of connections", { settings: FIVE_DAYS, table: idle(6, 40, 50) }, undefined],
];

for (const [what, changes, severity] of TABLE) {
  test(`established-timeout: ${what}`, () => {
    const found = mode.examine(signals(changes));
    assert.deepEqual(
      found.map((one) => one.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

test("established-timeout: sets two hours and four minutes, and says how to remove what is older", () => {
  const [found] = mode.examine(signals({ settings: FIVE_DAYS, table: idle(6, 80_000, 100_000) }));
  assert.deepEqual(found?.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_tcp_timeout_established", value: "7440" },
  ]);
  assert.deepEqual(found.fixes[1]?.commands, [
    "meganat flows delete --protocol tcp --state ESTABLISHED --expires-within 424560s",
  ]);
});
