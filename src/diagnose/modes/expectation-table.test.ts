import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, logged, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./expectation-table.ts";

const HOOK = drop("hook", 200, { reason: "NETFILTER_DROP", location: "nf_hook_slow" });
const FULL = { "expectation.count": 4096 };

const TABLE: readonly (readonly [string, SignalChanges, string | undefined, string?])[] = [
  ["a healthy gateway", {}, undefined],
  ["helpers at work", { levels: { "expectation.count": 900 }, drops: [HOOK] }, undefined],
  ["a message of another namespace", { log: [logged("expectation-table-full", 9)] }, undefined],
  [
    "nearly full",
    { levels: { "expectation.count": 3900 } },
    "risk",
    "3,900 of 4,096 expected connections: 4.79 % left",
  ],
  ["full, and nobody asks for more", { levels: FULL }, "risk"],
  [
    "full, and packets dropped",
    { levels: FULL, drops: [HOOK] },
    undefined,
    "4,096 of 4,096 expected connections; 200 packets dropped in 2.0 s",
  ],
  [
    "full, by the kernel's log",
    { levels: FULL, without: ["drops"], log: [logged("expectation-table-full", 9)] },
    undefined,
    "4,096 of 4,096 expected connections; 0 packets dropped in 2.0 s",
  ],
];

for (const [name, changes, severity, summary] of TABLE) {
  test(`${name}: ${summary ?? severity ?? "nothing"}`, () => {
    const [found] = mode.examine(signals(changes));
    assert.equal(found?.severity, severity);
    if (summary !== undefined || (severity === undefined && summary === undefined)) {
      assert.equal(found?.summary, summary);
    }
  });
}

test("explains what was dropped on hooks, and raises the limit", () => {
  const [found] = mode.examine(
    signals({ levels: FULL, drops: [HOOK], table: { helpers: [{ key: "sip", count: 40 }] } }),
  );
  assert.deepEqual(found?.explains, [{ cause: "hook" }]);
  assert.deepEqual(found.top?.rows, ["sip: 40"]);
  assert.deepEqual(found.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_expect_max", value: "16384" },
  ]);
});
