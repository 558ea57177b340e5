import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./backlog.ts";

const PROCESSED = { "softnet.processed": [40_000, 60_000] };

const TABLE: readonly (readonly [string, SignalChanges, number | undefined])[] = [
  ["a healthy gateway", {}, undefined],
  [
    "a burst that found a CPU busy",
    { drops: [drop("backlog", 15)], cpuDeltas: { "softnet.dropped": [15, 0] } },
    undefined,
  ],
  [
    "few of very many",
    {
      drops: [drop("backlog", 90)],
      cpuDeltas: { "softnet.processed": [100_000, 100_000], "softnet.dropped": [90, 0] },
    },
    undefined,
  ],
  [
    "drops of other namespaces",
    { cpuDeltas: { ...PROCESSED, "softnet.dropped": [0, 5000] }, host: { hostNamespace: false } },
    undefined,
  ],
  [
    "drops of whoever it may be, where they are not watched",
    { without: ["drops"], cpuDeltas: { ...PROCESSED, "softnet.dropped": [0, 5000] }, host: { hostNamespace: false } },
    undefined,
  ],
  [
    "a CPU that gets too much",
    { drops: [drop("backlog", 5000)], cpuDeltas: { ...PROCESSED, "softnet.dropped": [0, 5000] } },
    5000,
  ],
  [
    "the same where drops are not watched",
    { without: ["drops"], cpuDeltas: { ...PROCESSED, "softnet.dropped": [0, 5000] } },
    5000,
  ],
];

for (const [name, changes, lost] of TABLE) {
  test(`${name}: ${lost ?? "nothing"}`, () => {
    assert.equal(mode.examine(signals(changes))[0]?.lostPackets, lost);
  });
}

test("names the CPU, and lets more packets wait than now", () => {
  const [found] = mode.examine(
    signals({
      drops: [drop("backlog", 5000)],
      cpuDeltas: { ...PROCESSED, "softnet.dropped": [0, 5000] },
      settings: { "net.core.netdev_max_backlog": "5000" },
    }),
  );
  assert.equal(found?.summary, "2,500 /s packets dropped in front of CPU 1");
  assert.deepEqual(found.top?.rows, ["CPU 1: 5,000 dropped, 60,000 handled"]);
  assert.deepEqual(found.fixes[0]?.safe, [{ kind: "sysctl", name: "net.core.netdev_max_backlog", value: "20000" }]);
});
