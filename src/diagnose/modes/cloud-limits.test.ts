import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./cloud-limits.ts";

/** As an ena card of EC2 counts, in the interval. */
const ENA = {
  "driver.wan.bw_in_allowance_exceeded": 0,
  "driver.wan.bw_out_allowance_exceeded": 0,
  "driver.wan.pps_allowance_exceeded": 0,
  "driver.wan.conntrack_allowance_exceeded": 0,
  "driver.wan.linklocal_allowance_exceeded": 0,
};
const exceeded = (changes: Record<string, number>): SignalChanges => ({
  deltas: {
    ...ENA,
    ...Object.fromEntries(Object.entries(changes).map(([name, count]) => [`driver.wan.${name}`, count])),
  },
  levels: { "driver.wan.conntrack_allowance_available": 136_812 },
});

const TABLE: readonly (readonly [string, SignalChanges, string | undefined])[] = [
  ["a machine that is in no cloud", {}, undefined],
  ["within all limits", exceeded({}), undefined],
  ["a burst over the packets of a second", exceeded({ pps_allowance_exceeded: 1 }), undefined],
  [
    "too many connections",
    exceeded({ conntrack_allowance_exceeded: 500 }),
    "wan is over the machine's limit of connections that the cloud tracks for security groups: 250 /s packets dropped or held up",
  ],
  [
    "too many packets and too much bandwidth",
    exceeded({ pps_allowance_exceeded: 300, bw_out_allowance_exceeded: 900 }),
    "wan is over the machine's limit of bandwidth sent, and of packets a second: 600 /s packets dropped or held up",
  ],
];

for (const [name, changes, summary] of TABLE) {
  test(`${name}: ${summary === undefined ? "nothing" : "found"}`, () => {
    assert.equal(mode.examine(signals(changes))[0]?.summary, summary);
  });
}

test("tracked connections can be avoided, and what room is left is told", () => {
  const [found] = mode.examine(signals(exceeded({ conntrack_allowance_exceeded: 500 })));
  assert.equal(found?.lostPackets, 500);
  assert.equal(found.evidence[1]?.value, "136,812");
  assert.equal(found.fixes.length, 2);
});
