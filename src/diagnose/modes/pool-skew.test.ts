import assert from "node:assert/strict";
import { test } from "node:test";
import { pool, signals } from "../../../test/fixtures/signals.ts";
import type { PortUseSignal } from "../signals/table.ts";
import { mode } from "./pool-skew.ts";

const PORTS = { first: 20_000, last: 23_999 };

function use(address: string, used: number, more: Partial<PortUseSignal> = {}): PortUseSignal {
  return {
    address,
    protocol: 17,
    destination: "198.18.0.9",
    destinationPort: 53,
    ports: PORTS,
    used,
    occupancy: used / 4000,
    refusalChance: 0,
    subscribers: [{ key: "10.64.1.9", count: 40 }],
    ...more,
  };
}

const THEIRS = pool({
  rule: "ip/campus/out/5",
  text: 'oifname "wan" meta l4proto udp snat to 203.0.113.20-203.0.113.21:20000-23999 persistent',
  mapped: false,
  flags: ["persistent"],
  ranges: [{ first: "203.0.113.20", last: "203.0.113.21", ports: PORTS }],
});
const IPTABLES = pool({
  rule: "ip/nat/POSTROUTING/5",
  program: "iptables-nft",
  number: 3,
  text: "-o wan -p udp -j SNAT --to-source 203.0.113.20-203.0.113.21:20000-23999",
  mapped: false,
  ranges: [{ first: "203.0.113.20", last: "203.0.113.21", ports: PORTS }],
});

test("a full address of a pool whose others are idle", () => {
  const portUse = [use("203.0.113.20", 3900, { refusalChance: 0.2 }), use("203.0.113.21", 100)];
  const [found, ...others] = mode.examine(signals({ pools: [THEIRS], table: { portUse } }));
  assert.equal(others.length, 0);
  assert.equal(found?.severity, "degraded");
  assert.match(found.summary, /203\.0\.113\.20 has 97\.5 % .* the 1 other address of its pool 2\.50 %/);
  assert.deepEqual(
    found.fixes.map(({ commands }) => commands),
    [
      [
        'nft replace rule ip campus out handle 5 oifname "wan" meta l4proto udp snat to 203.0.113.20-203.0.113.21:20000-23999',
      ],
      [
        'nft replace rule ip campus out handle 5 oifname "wan" meta l4proto udp snat ip to numgen random mod 2 map { 0 : 203.0.113.20 . 20000-23999, 1 : 203.0.113.21 . 20000-23999 }',
      ],
    ],
  );
});

test("rules of iptables become one for each address", () => {
  const [found] = mode.examine(signals({ pools: [IPTABLES], table: { portUse: [use("203.0.113.20", 3500)] } }));
  assert.equal(found?.severity, "risk");
  assert.deepEqual(found.fixes[0]?.commands, [
    "iptables -t nat -I POSTROUTING 3 -o wan -p udp -m statistic --mode nth --every 2 --packet 0 -j SNAT --to-source 203.0.113.20:20000-23999",
    "iptables -t nat -I POSTROUTING 4 -o wan -p udp -j SNAT --to-source 203.0.113.21:20000-23999",
    "iptables -t nat -D POSTROUTING 5",
  ]);
});

test("what is no skew", () => {
  const alone = { ...THEIRS, ranges: [{ first: "203.0.113.20", last: "203.0.113.20", ports: PORTS }] };
  const oneCulprit = use("203.0.113.10", 3900, { subscribers: [{ key: "10.64.1.9", count: 3900 }] });
  const cases = [
    {},
    { pools: [THEIRS], table: { portUse: [use("203.0.113.20", 2000)] } },
    { pools: [THEIRS], table: { portUse: [use("203.0.113.20", 3900), use("203.0.113.21", 3000)] } },
    { pools: [alone], table: { portUse: [use("203.0.113.20", 3900)] } },
    { pools: [{ ...THEIRS, blockSize: 128 }], table: { portUse: [use("203.0.113.20", 3900)] } },
    { pools: [], table: { portUse: [use("203.0.113.20", 3900)] } },
    // The gateway file gives each subscriber one address: it is that subscriber.
    { table: { portUse: [oneCulprit] } },
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), [], JSON.stringify(changes));
});
