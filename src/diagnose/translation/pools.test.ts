import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../rules/json.ts";
import { readRuleset } from "../rules/read-ruleset.ts";
import type { Ruleset } from "../rules/ruleset.ts";
import { poolOf, poolSize } from "./pool-of.ts";
import { poolsOf } from "./pools.ts";
import { forwardedPorts } from "./services.ts";

const WAN = [{ interface: "wan", address: "203.0.113.2", length: 24 }];
const ALL = { first: 1024, last: 65_535 };

function saved(...rules: readonly string[]): Ruleset {
  const lines = ["*nat", ":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"];
  const text = [...lines, ...rules.map((rule) => `[0:0] ${rule}`), "COMMIT", ""].join("\n");
  return readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved: { "iptables-legacy": text } });
}

/** A rule of nft by its statements, and the elements of a map `m`. */
function nft(expr: readonly JsonObject[], elements: readonly unknown[] = []): Ruleset {
  const place = { family: "ip", table: "nat" };
  return readRuleset({
    nft: [
      { chain: { ...place, name: "c", handle: 1, type: "nat", hook: "postrouting", prio: 100, policy: "accept" } },
      { map: { ...place, name: "m", handle: 2, type: "ipv4_addr", map: ["ipv4_addr", "inet_service"] } },
      { rule: { ...place, chain: "c", handle: 3, expr } },
    ],
    nftTexts: new Map([["ip/nat/3", "the rule"]]),
    elements: new Map([["ip/nat/m", elements]]),
    saved: {},
  });
}

const UDP = { match: { op: "==", left: { meta: { key: "l4proto" } }, right: "udp" } };
const SADDR = { payload: { protocol: "ip", field: "saddr" } };
const JHASH = { jhash: { mod: 2, seed: 1, expr: SADDR } };
const block = (key: string, address: string, low: number, high: number) => [
  key,
  { concat: [address, { range: [low, high] }] },
];

test("the pools of iptables: an address, a range, ports, masquerade", () => {
  const cases: readonly (readonly [rule: string, ranges: readonly unknown[], more?: object])[] = [
    [
      "-A POSTROUTING -o wan -j SNAT --to-source 203.0.113.9",
      [{ first: "203.0.113.9", last: "203.0.113.9", ports: ALL }],
    ],
    [
      "-A POSTROUTING -p udp -j SNAT --to-source 203.0.113.8-203.0.113.9:2000-2999 --persistent",
      [{ first: "203.0.113.8", last: "203.0.113.9", ports: { first: 2000, last: 2999 } }],
      { protocols: [17], flags: ["persistent"] },
    ],
    [
      "-A POSTROUTING -o wan -j MASQUERADE",
      [{ first: "203.0.113.2", last: "203.0.113.2", ports: ALL }],
      { kind: "masquerade" },
    ],
    ["-A POSTROUTING -o lan -j MASQUERADE", [], { kind: "masquerade" }],
    [
      "-A POSTROUTING -s 10.0.0.0/24 -j NETMAP --to 203.0.113.0/24",
      [{ first: "203.0.113.0", last: "203.0.113.255", ports: ALL }],
      { kind: "snat" },
    ],
    [
      "-A POSTROUTING -p tcp -j MASQUERADE --to-ports 3000-3999",
      [{ first: "203.0.113.2", last: "203.0.113.2", ports: { first: 3000, last: 3999 } }],
      { kind: "masquerade", protocols: [6] },
    ],
  ];
  for (const [rule, ranges, more] of cases) {
    const [pool, ...others] = poolsOf(saved(rule), WAN);
    assert.equal(others.length, 0);
    assert.deepEqual({ ranges: pool?.ranges, ...more }, { ranges, ...pick(pool ?? {}, Object.keys(more ?? {})) }, rule);
    assert.equal(pool?.rule, "legacy-ip/nat/POSTROUTING/1");
  }
  for (const other of ["-A POSTROUTING -j ACCEPT", "-A PREROUTING -d 203.0.113.0/24 -j NETMAP --to 10.0.0.0/24"]) {
    assert.deepEqual(poolsOf(saved(other), WAN), []);
  }
});

test("the pools of nft: maps by hash, and port blocks in a named map", () => {
  const byHash = nft([
    UDP,
    {
      snat: {
        family: "ip",
        addr: {
          map: {
            key: JHASH,
            data: { set: [block("0", "203.0.113.8", 1024, 65_535), block("1", "203.0.113.9", 2000, 2999)] },
          },
        },
      },
    },
  ]);
  const [hashed] = poolsOf(byHash, WAN);
  assert.deepEqual(hashed?.ranges, [
    { first: "203.0.113.8", last: "203.0.113.8", ports: ALL },
    { first: "203.0.113.9", last: "203.0.113.9", ports: { first: 2000, last: 2999 } },
  ]);
  assert.equal(hashed.mapped, true);
  assert.equal(hashed.blockSize, undefined);

  const statement = [UDP, { snat: { family: "ip", addr: { map: { key: SADDR, data: "@m" } } } }];
  const [blocks] = poolsOf(
    nft(statement, [
      block("10.0.0.1", "203.0.113.8", 1024, 1151),
      block("10.0.0.2", "203.0.113.8", 1152, 1279),
      block("10.0.0.3", "203.0.113.9", 1024, 1151),
      block("10.0.0.4", "203.0.113.9", 1152, 1279),
    ]),
    WAN,
  );
  assert.equal(blocks?.blockSize, 128);
  assert.deepEqual(blocks.ranges, [{ first: "203.0.113.8", last: "203.0.113.9", ports: { first: 1024, last: 1279 } }]);
  assert.deepEqual(poolsOf(nft(statement), WAN)[0]?.ranges, []);
});

test("the pool of an address", () => {
  const pools = poolsOf(
    saved(
      "-A POSTROUTING -p udp -j SNAT --to-source 203.0.113.8-203.0.113.9:2000-2999",
      "-A POSTROUTING -p udp -s 10.0.0.0/8 -j SNAT --to-source 203.0.113.9:3000-3999",
    ),
    WAN,
  );
  const placed = (address: string, protocol: number, first: number, last: number) =>
    poolOf(pools, address, protocol, { first, last })?.pool.number;
  assert.equal(placed("203.0.113.9", 17, 3000, 3999), 2);
  assert.equal(placed("203.0.113.9", 17, 2000, 2999), 1);
  assert.equal(placed("203.0.113.9", 6, 2000, 2999), undefined);
  assert.equal(placed("203.0.113.10", 17, 2000, 2999), undefined);
  assert.deepEqual(pools.map(poolSize), [2, 1]);
});

test("forwarded ports: by rules, with and without an address, by maps", () => {
  assert.deepEqual(
    forwardedPorts(
      saved(
        "-A PREROUTING -d 203.0.113.2/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.9:80",
        "-A PREROUTING -i wan -p udp -m udp --dport 5000:5010 -j DNAT --to-destination 10.0.0.9",
        "-A PREROUTING -d 203.0.113.3/32 -j DNAT --to-destination 10.0.0.9",
        "-A PREROUTING -p tcp -m tcp --dport 2222 -j REDIRECT --to-ports 22",
      ),
    ).map(({ rule: _rule, ...service }) => service),
    [
      { protocol: 6, first: 8080, last: 8080, address: { first: "203.0.113.2", last: "203.0.113.2" } },
      { protocol: 17, first: 5000, last: 5010 },
      { protocol: 6, first: 2222, last: 2222 },
    ],
  );
  const key = { concat: [{ payload: { protocol: "ip", field: "daddr" } }, { meta: { key: "l4proto" } }, THDPORT] };
  const to = { concat: ["10.0.0.9", 80] };
  const [forward] = forwardedPorts(
    nft(
      [{ dnat: { family: "ip", addr: { map: { key, data: "@m" } } } }],
      [[{ concat: ["203.0.113.2", "tcp", 443] }, to]],
    ),
  );
  assert.deepEqual(forward, {
    protocol: 6,
    first: 443,
    last: 443,
    address: { first: "203.0.113.2", last: "203.0.113.2" },
    rule: "ip/nat/c/3",
  });
});

const THDPORT = { payload: { protocol: "th", field: "dport" } };

function pick(value: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
}
