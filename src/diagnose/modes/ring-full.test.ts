import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, link, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./ring-full.ts";

const full = (packets: number, name: string) => drop("device", packets, { reason: "FULL_RING", interface: name });

const TABLE: readonly (readonly [string, SignalChanges, readonly string[]])[] = [
  ["a healthy gateway", {}, []],
  ["a packet that came while the card was reset", { deltas: { "interface.wan.rxMissedErrors": 3 } }, []],
  ["few of very many", { deltas: { "interface.wan.rxMissedErrors": 30, "interface.wan.rxPackets": 3_000_000 } }, []],
  ["packets that a veth had no peer for", { drops: [drop("device", 500, { reason: "DEV_READY" })] }, []],
  [
    "a card without room, which counts it twice",
    { deltas: { "interface.wan.rxMissedErrors": 500, "interface.wan.rxFifoErrors": 500 } },
    ["wan lost 250 /s packets before the kernel took them, 9.09 % of what came"],
  ],
  [
    "a card whose driver alone counts it",
    { deltas: { "driver.wan.rx_out_of_buffer": 500, "driver.wan.pps_allowance_exceeded": 9000 } },
    ["wan lost 250 /s packets before the kernel took them, 9.09 % of what came"],
  ],
  [
    "a full ring on the way out",
    { drops: [full(300, "lan")] },
    ["the ring of lan is full: 150 /s packets dropped on the way out"],
  ],
];

for (const [name, changes, summaries] of TABLE) {
  test(`${name}: ${summaries.length === 0 ? "nothing" : "found"}`, () => {
    assert.deepEqual(
      mode.examine(signals(changes)).map(({ summary }) => summary),
      summaries,
    );
  });
}

test("behind a tun device there is a program, not a card", () => {
  const [found] = mode.examine(
    signals({
      network: { links: [link({ name: "wan" }), link({ name: "vpn0", kind: "tun" })] },
      drops: [full(300, "vpn0")],
    }),
  );
  assert.equal(found?.fixes.length, 1);
  assert.match(found.fixes[0]?.text ?? "", /behind vpn0/);
  assert.deepEqual(found.explains, [{ cause: "device", packets: 300 }]);
});
