import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, link, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { DroppedHeader } from "../signals.ts";
import { mode } from "./mtu-black-hole.ts";

const NARROW = { links: [link({ name: "wan", mtu: 1400 }), link({ name: "lan" })] };
const MESSAGE = { protocol: 1, sourcePort: 0, destinationPort: 772, source: "10.64.0.1", destination: "10.64.1.9" };

/** Connections of different ports, each of whose packets is dropped at the times given. */
function tooBig(flows: number, times: readonly number[], more: Partial<DroppedHeader> = {}): DroppedHeader[] {
  return Array.from({ length: flows }, (_, i) => i).flatMap((i) =>
    times.map((secondsAgo) =>
      header("too-big", { protocol: 6, sourcePort: 40_000 + i, length: 1500, secondsAgo, ...more }),
    ),
  );
}

const FILTERED: SignalChanges = {
  network: NARROW,
  drops: [drop("too-big", 100), drop("rule", 200, { protocol: "IPv4 ICMP" })],
  headers: [...tooBig(2, [1, 0.8]), header("rule", MESSAGE), header("rule", { ...MESSAGE, destinationPort: 2048 })],
  deltas: { "Ip.FragFails": 100, "Icmp.OutDestUnreachs": 102 },
};

test("the message is dropped by a rule of this host", () => {
  const [found] = mode.examine(signals(FILTERED));
  assert.equal(
    found?.summary,
    '100 packets too large for wan (MTU 1400, route default via 203.0.113.1 dev wan) in 2.0 s; 100 messages "fragmentation needed" were dropped by a rule of this host',
  );
  assert.deepEqual(found?.explains, [{ cause: "too-big" }, { cause: "rule", packets: 100 }]);
  assert.deepEqual(
    found?.fixes.map(({ safe }) => safe),
    [[{ kind: "clamp-segment-size" }], undefined],
  );
  assert.deepEqual(found?.top?.rows, ["4  TCP 10.64.1.9 > 198.51.100.9:53 on lan"]);
});

test("a narrow link further on: clamping here would not help", () => {
  const [found] = mode.examine(signals({ drops: [drop("hook", 20)], headers: [header("hook", MESSAGE)] }));
  assert.equal(found?.summary, '20 messages "fragmentation needed" were dropped by a rule of this host in 2.0 s');
  assert.deepEqual(
    [found?.explains?.[1], found?.fixes.map(({ safe }) => safe), found?.top?.rows],
    [{ cause: "hook", packets: 20 }, [undefined], ["1  from 10.64.0.1 to 10.64.1.9 on lan"]],
  );
});

const BLACK_HOLES: readonly [string, SignalChanges][] = [
  [
    "hosts of the inside that repeat the same packet",
    { drops: [drop("too-big", 60)], headers: tooBig(10, [1, 0.78, 0.35]) },
  ],
  [
    "servers outside that repeat for longer than a round trip",
    {
      drops: [drop("too-big", 60)],
      headers: tooBig(10, [1.8, 1, 0.2], { source: "198.51.100.9", destination: "10.64.1.9" }),
    },
  ],
  [
    "a program that never stops",
    { drops: [drop("too-big", 60)], headers: tooBig(1, [1.5, 1.2, 0.9, 0.6, 0.3, 0], { protocol: 17 }) },
  ],
];

for (const [name, changes] of BLACK_HOLES) {
  test(`not told: ${name}`, () => {
    const [found] = mode.examine(signals({ ...changes, network: NARROW }));
    assert.match(found?.summary ?? "", /; their senders go on as if they were not told$/);
  });
}

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["a narrow link whose senders listen", { drops: [drop("too-big", 400)], headers: tooBig(30, [1, 0.99, 0.98]) }],
  [
    "the same, servers on the other side of the world",
    { drops: [drop("too-big", 400)], headers: tooBig(30, [1, 0.7], { source: "198.51.100.9" }) },
  ],
  ["QUIC tries large packets", { drops: [drop("too-big", 90)], headers: tooBig(30, [1.5, 1, 0.2], { protocol: 17 }) }],
  ["a single connection that hangs", { drops: [drop("too-big", 4)], headers: tooBig(1, [1, 0.5]) }],
  [
    "a rule that drops pings",
    { drops: [drop("rule", 400)], headers: [header("rule", { ...MESSAGE, destinationPort: 2048 })] },
  ],
  ["one message dropped", { drops: [drop("rule", 1)], headers: [header("rule", MESSAGE)] }],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals({ network: NARROW, ...changes })), []));
}
