import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, gatewayOf, link, pool, source, staticNat } from "../../test/fixtures/plan-of.ts";
import type { Gateway } from "../config/gateway.ts";
import { reachOf } from "./reach.ts";

const WAN = ["wan 61.138.177.2/24", "lan 10.10.0.1/16"];
const DEFAULT = "0.0.0.0/0 table 254 via 61.138.177.1 dev wan";

const CASES: readonly {
  what: string;
  parts: Partial<Gateway>;
  addresses?: readonly string[];
  routes?: readonly string[];
  neighbours?: readonly string[];
}[] = [
  { what: "nothing but links", parts: {} },
  {
    what: "static routes, by a router or by the link alone",
    parts: {
      links: [
        link("wan", "61.138.177.2/24", { gateway: "61.138.177.1" }),
        {
          ...link("lan", "10.10.0.1/16"),
          routes: [
            { to: { address: 0x0a320000, length: 16 }, via: 0x0a0a00fe },
            { to: { address: 0x0a320000, length: 16 }, via: 0x0a0a00fd, metric: 10 },
            { to: { address: 0x0a330000, length: 16 } },
          ],
        },
      ],
    },
    routes: [
      "10.50.0.0/16 table 254 via 10.10.0.254 dev lan",
      "10.50.0.0/16 table 254 via 10.10.0.253 dev lan metric 10",
      "10.51.0.0/16 table 254 dev lan",
    ],
  },
  {
    what: "a pool as addresses of its link",
    parts: { pools: [pool("p", "61.138.177.8/31")], sourceNat: [source("a", "10.10.1.0/24", "p")] },
    addresses: ["wan 61.138.177.8/32", "wan 61.138.177.9/32"],
  },
  {
    what: "a routed pool",
    parts: {
      pools: [pool("p", "61.138.178.1-61.138.178.6", { reachedBy: "route" })],
      sourceNat: [source("a", "10.10.1.0/24", "p")],
    },
    routes: ["61.138.178.1/32", "61.138.178.2/31", "61.138.178.4/31", "61.138.178.6/32"].map(
      (p) => `${p} table 254 dev lo`,
    ),
  },
  {
    what: "a pool by proxy ARP, a link's own address in it left out",
    parts: {
      pools: [pool("p", "61.138.177.1-61.138.177.3", { reachedBy: "proxy-arp" })],
      sourceNat: [source("a", "10.10.1.0/24", "p")],
    },
    routes: ["61.138.177.1/32 table 254 dev lo", "61.138.177.3/32 table 254 dev lo"],
    neighbours: ["wan 61.138.177.1", "wan 61.138.177.3"],
  },
  {
    what: "one pool in two rules, and an address the link already has",
    parts: {
      pools: [pool("p", "61.138.177.8")],
      sourceNat: [
        source("a", "10.10.1.0/24", "p"),
        source("b", "10.10.2.0/24", "p"),
        source("c", "10.10.3.0/24", "61.138.177.2"),
      ],
    },
    addresses: ["wan 61.138.177.8/32"],
  },
  {
    what: "static NAT, prefix by prefix",
    parts: {
      staticNat: [
        staticNat("61.138.177.40/31", "10.10.0.4/31"),
        staticNat("61.138.177.9", "10.10.0.9", { reachedBy: "route" }),
      ],
    },
    addresses: ["wan 61.138.177.40/32", "wan 61.138.177.41/32"],
    routes: ["61.138.177.9/32 table 254 dev lo"],
  },
  {
    what: "a listening address nobody else needs",
    parts: {
      portForwards: [
        forward("web", "61.138.177.77:80/tcp", "10.10.0.2"),
        forward("own", "61.138.177.2:80/tcp", "10.10.0.2"),
      ],
    },
    addresses: ["wan 61.138.177.77/32"],
  },
  {
    what: "a pool no rule uses",
    parts: { pools: [pool("spare", "61.138.177.50")] },
    addresses: ["wan 61.138.177.50/32"],
  },
];

for (const { what, parts, addresses = [], routes = [], neighbours = [] } of CASES) {
  test(`reach: ${what}`, () => {
    const reach = reachOf(gatewayOf(parts));
    assert.deepEqual(
      reach.addresses.map((a) => `${a.interface} ${a.address}/${a.length}`),
      [...WAN, ...addresses],
    );
    assert.deepEqual(
      reach.routes.map((r) => {
        const via = r.via === undefined ? "" : ` via ${r.via}`;
        const metric = r.metric === undefined ? "" : ` metric ${r.metric}`;
        return `${r.destination} table ${r.table}${via} dev ${r.interface}${metric}`;
      }),
      [DEFAULT, ...routes],
    );
    assert.deepEqual(
      reach.proxyNeighbours.map((n) => `${n.interface} ${n.address}`),
      neighbours,
    );
  });
}

test("a second default route stands by", () => {
  const links = [
    link("wan", "61.138.177.2/24", { gateway: "61.138.177.1" }),
    link("wan2", "203.0.113.2/24", { gateway: "203.0.113.1" }),
  ];
  assert.deepEqual(reachOf(gatewayOf({ links })).routes, [
    { destination: "0.0.0.0/0", table: 254, interface: "wan", via: "61.138.177.1" },
    { destination: "0.0.0.0/0", table: 254, interface: "wan2", via: "203.0.113.1", metric: 100 },
  ]);
});
