import assert from "node:assert/strict";
import { test } from "node:test";
import { twiceNat } from "../../test/fixtures/plan-of.ts";
import { twiceNatParts } from "./twice-nat.ts";

const BRANCH = twiceNat("branch", "lan 192.168.1.0/24 10.1.1.0/24", "vpn 192.168.1.0/24 10.2.2.0/24 172.16.0.2");

test("twice NAT: both directions of initiation, the route by mark", () => {
  const parts = twiceNatParts([BRANCH], (link) => `${link}0`);
  assert.deepEqual(parts.marks, [
    'iifname "lan0" ip daddr 10.2.2.0/24 meta mark set meta mark and 0x00ffffff or 0x01000000',
  ]);
  assert.deepEqual(parts.destination, [
    'iifname "lan0" ip saddr 192.168.1.0/24 ip daddr 10.2.2.0/24 dnat ip prefix to ip daddr map { 10.2.2.0/24 : 192.168.1.0/24 }',
    'iifname "vpn0" ip saddr 192.168.1.0/24 ip daddr 10.1.1.0/24 dnat ip prefix to ip daddr map { 10.1.1.0/24 : 192.168.1.0/24 }',
  ]);
  assert.deepEqual(parts.source, [
    'oifname "vpn0" ip saddr 192.168.1.0/24 ct original ip daddr 10.2.2.0/24 snat ip prefix to ip saddr map { 192.168.1.0/24 : 10.1.1.0/24 }',
    'oifname "lan0" ip saddr 192.168.1.0/24 ct original ip daddr 10.1.1.0/24 snat ip prefix to ip saddr map { 192.168.1.0/24 : 10.2.2.0/24 }',
  ]);
  assert.deepEqual(parts.input, [
    'iifname "lan0" ct status dnat ct original ip daddr 10.2.2.0/24 counter name "dropped_overlap" drop',
    'iifname "vpn0" ct status dnat ct original ip daddr 10.1.1.0/24 counter name "dropped_overlap" drop',
  ]);
  assert.deepEqual(parts.routes, [
    { destination: "192.168.1.0/24", table: 7700, interface: "vpn0", via: "172.16.0.2" },
  ]);
  assert.deepEqual(parts.policyRules, [{ mark: 0x01000000, mask: 0xff000000, table: 7700, priority: 7700 }]);
});

test("twice NATs with one next hop share a mark and a table; the same hosts by another get their own", () => {
  const parts = twiceNatParts(
    [
      BRANCH,
      twiceNat("more", "lan 192.168.1.0/24 10.1.1.0/24", "vpn 192.168.2.0/24 10.2.3.0/24 172.16.0.2"),
      twiceNat("other", "lan 192.168.1.0/24 10.1.9.0/24", "vpn2 192.168.1.0/24 10.3.3.0/24"),
      twiceNat("again", "dmz 192.168.7.0/24 10.1.7.0/24", "vpn 192.168.1.0/24 10.2.7.0/24 172.16.0.2"),
    ],
    (link) => link,
  );
  assert.deepEqual(
    parts.marked.map(({ link, destination, mark }) => [link, destination, mark >>> 24]),
    [
      ["lan", "10.2.2.0/24", 1],
      ["lan", "10.2.3.0/24", 1],
      ["lan", "10.3.3.0/24", 2],
      ["dmz", "10.2.7.0/24", 1],
    ],
  );
  assert.deepEqual(parts.routes, [
    { destination: "192.168.1.0/24", table: 7700, interface: "vpn", via: "172.16.0.2" },
    { destination: "192.168.2.0/24", table: 7700, interface: "vpn", via: "172.16.0.2" },
    { destination: "192.168.1.0/24", table: 7701, interface: "vpn2" },
  ]);
  assert.deepEqual(
    parts.policyRules.map(({ mark, table }) => [(mark ?? 0) >>> 24, table]),
    [
      [1, 7700],
      [2, 7701],
    ],
  );
});

test("twice NAT: the mark has room for 255 next hops", () => {
  const entries = Array.from({ length: 256 }, (_, i) =>
    twiceNat(`t${i}`, "lan 192.168.1.0/24 10.1.1.0/24", `vpn${i} 192.168.1.0/24 10.2.2.0/24`),
  );
  assert.equal(twiceNatParts(entries.slice(0, 255), (link) => link).policyRules.at(-1)?.mark, 0xff000000);
  assert.throws(() => twiceNatParts(entries, (link) => link), /more than 255/);
});
