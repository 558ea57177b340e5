import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../test/fixtures/signals.ts";
import { shareOut } from "./drop-account.ts";

const waited = drop("neighbour", 400, { reason: "NEIGH_QUEUEFULL" });
const silent = { neighbours: [{ interface: "wan", states: { incomplete: 1 }, failed: ["203.0.113.1"] }] };

const TABLE: readonly (readonly [string, SignalChanges, number, boolean])[] = [
  ["nothing dropped", {}, 0, false],
  ["a few", { drops: [drop("rule", 9)] }, 9, false],
  ["many", { drops: [drop("rule", 11)] }, 11, true],
  ["what happens in every network", { drops: [drop("no-socket", 4000), drop("not-for-us", 900)] }, 0, false],
  ["packets that waited for the first answer of a router", { drops: [waited] }, 0, false],
  ["the same, and it is still silent", { drops: [waited], network: silent }, 400, true],
  ["a neighbour that did not answer", { drops: [waited, drop("neighbour", 3, { reason: "NEIGH_FAILED" })] }, 403, true],
];

for (const [name, changes, unexplained, matters] of TABLE) {
  test(`${name}: ${unexplained} unexplained`, () => {
    const account = shareOut([], signals(changes));
    assert.deepEqual([account.unexplained, account.unexplainedMatters], [unexplained, matters]);
  });
}
