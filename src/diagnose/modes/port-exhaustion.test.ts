import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, pool, signals, state } from "../../../test/fixtures/signals.ts";
import type { PortUseSignal } from "../signals/table.ts";
import { mode } from "./port-exhaustion.ts";

function use(more: Partial<PortUseSignal> = {}): PortUseSignal {
  return {
    address: "203.0.113.10",
    protocol: 17,
    destination: "198.18.0.9",
    destinationPort: 53,
    ports: { first: 1024, last: 65_535 },
    used: 63_867,
    occupancy: 63_867 / 64_512,
    refusalChance: 0.2,
    subscribers: [{ key: "10.64.1.9", count: 400 }],
    ...more,
  };
}

const HALF = use({ used: 32_256, occupancy: 0.5, refusalChance: 0 });
const FILLING = use({ used: 54_835, occupancy: 0.85, refusalChance: 1e-17 });
const BLOCK = use({ ports: { first: 1152, last: 1279 }, used: 128, occupancy: 1, refusalChance: 1 });

test("a full destination is named by address, protocol, destination, occupancy, chance and subscribers", () => {
  const drops = [drop("port-exhaustion", 120, { location: "nf_hook_slow" })];
  const [found, ...others] = mode.examine(signals({ drops, table: { portUse: [use(), HALF] } }));
  assert.equal(others.length, 0);
  assert.equal(found?.subject, "203.0.113.10 udp 198.18.0.9:53");
  assert.equal(found.severity, "loss");
  assert.match(found.summary, /645 of 64,512 ports left .* 20\.0 % of new connections/);
  assert.deepEqual(found.explains, [{ cause: "port-exhaustion", packets: 120 }]);
  assert.deepEqual(found.top?.rows, ["10.64.1.9: 400 connections"]);
  assert.deepEqual(
    found.fixes.map(({ file }) => file?.split("\n").at(-1)),
    ["  public: { addresses: 203.0.113.10-203.0.113.13 }"],
  );
});

test("severity and fix go by how full it is and by whose rule it is", () => {
  const iptables = pool({
    rule: "ip/nat/POSTROUTING/7",
    program: "iptables-nft",
    number: 2,
    text: "-o wan -p udp -j SNAT --to-source 203.0.113.10:20000-29999",
    mapped: false,
    ranges: [{ first: "203.0.113.10", last: "203.0.113.10", ports: { first: 20_000, last: 29_999 } }],
  });
  const narrow = use({ ports: { first: 20_000, last: 29_999 }, used: 9900, occupancy: 0.99 });
  const waiting = [state({ protocol: 6, state: "TIME_WAIT", count: 4000, assured: 4000 })];
  const cases = [
    [{ table: { portUse: [FILLING] } }, "risk", "Give the pool more addresses"],
    [{ table: { portUse: [BLOCK] }, pools: [pool({ blockSize: 128 })] }, "loss", "Give each subscriber 256 ports"],
    [{ table: { portUse: [narrow] }, pools: [iptables] }, "loss", "Let the rule use all ports above 1023"],
    [
      { table: { portUse: [use()] }, pools: [] },
      "loss",
      "Give source NAT more public addresses, or more ports of them",
    ],
    [{ table: { portUse: [use({ protocol: 6 })], states: waiting } }, "loss", "Give the pool more addresses"],
  ] as const;
  for (const [changes, severity, fix] of cases) {
    const [found] = mode.examine(signals(changes));
    assert.equal(found?.severity, severity, fix);
    assert.equal(found?.fixes[0]?.text, fix);
    assert.equal(found.explains, undefined);
  }
  const [iptablesFix] = mode.examine(signals(cases[2][0]))[0]?.fixes ?? [];
  assert.deepEqual(iptablesFix?.commands, [
    "iptables -t nat -R POSTROUTING 2 -o wan -p udp -j SNAT --to-source 203.0.113.10:1024-65535",
  ]);
  const [, wait] = mode.examine(signals(cases[4][0]))[0]?.fixes ?? [];
  assert.deepEqual(wait?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_tcp_timeout_time_wait", value: "30" },
  ]);
});

test("drops are shared out by the chance of refusal, and counted without the drops by cause", () => {
  const other = use({ address: "203.0.113.11", refusalChance: 0.1 });
  const two = mode.examine(signals({ drops: [drop("port-exhaustion", 90)], table: { portUse: [use(), other] } }));
  assert.deepEqual(
    two.map(({ lostPackets }) => lostPackets),
    [60, 30],
  );
  const counted = signals({
    without: ["drops"],
    deltas: { "conntrack.insertFailed": 50 },
    table: { portUse: [use()] },
  });
  assert.equal(mode.examine(counted)[0]?.lostPackets, 50);
});

test("what looks alike is not taken for it", () => {
  const cases = [
    {},
    { table: { portUse: [HALF] } },
    // A clash of two packets of one connection counts the same: ports are left.
    { drops: [drop("port-exhaustion", 50)], deltas: { "conntrack.insertFailed": 50, "conntrack.drop": 50 } },
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), []);
});
