import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./squeeze.ts";

const OFTEN = { "softnet.timeSqueeze": [0, 400], "softnet.processed": [20_000, 80_000] };

const TABLE: readonly (readonly [string, SignalChanges, string | undefined])[] = [
  ["a healthy gateway", {}, undefined],
  ["a busy one: some rounds are cut short", { cpuDeltas: { "softnet.timeSqueeze": [30, 60] } }, undefined],
  [
    "often, but seldom for so many packets",
    { cpuDeltas: { "softnet.timeSqueeze": [0, 400], "softnet.processed": [400_000, 800_000] } },
    undefined,
  ],
  ["again and again", { cpuDeltas: OFTEN }, "degraded"],
  ["by the traffic of other namespaces", { cpuDeltas: OFTEN, host: { hostNamespace: false } }, "note"],
  [
    "by traffic that is mostly ours",
    {
      cpuDeltas: OFTEN,
      host: { hostNamespace: false },
      deltas: { "interface.wan.rxPackets": 30_000, "interface.lan.rxPackets": 30_000 },
    },
    "degraded",
  ],
];

for (const [name, changes, severity] of TABLE) {
  test(`${name}: ${severity ?? "nothing"}`, () => {
    assert.equal(mode.examine(signals(changes))[0]?.severity, severity);
  });
}

test("says how often, and doubles both limits of a round", () => {
  const [found] = mode.examine(signals({ cpuDeltas: OFTEN }));
  assert.equal(found?.summary, "receiving is cut short 200 /s, on CPU 1");
  assert.equal(found.evidence[0]?.meaning, "one for every 250 packets, whole host");
  assert.deepEqual(found.fixes[0]?.commands, [
    "sysctl -w net.core.netdev_budget=600",
    "sysctl -w net.core.netdev_budget_usecs=16000",
  ]);
});
