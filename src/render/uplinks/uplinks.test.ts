import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayOf, link, pool, source } from "../../../test/fixtures/plan-of.ts";
import type { PolicyRuleSetting, RouteSetting } from "../desired-state.ts";
import { uplinkParts } from "./uplink-parts.ts";
import { uplinkRouting } from "./routing.ts";

const health = { probes: [], interval: 1000, downAfter: 3000, upAfter: 10_000 };
const hex = (value: number): string => `0x${value.toString(16)}`;

function routeText({ destination, via, interface: device, table, metric }: RouteSetting): string {
  const last = metric === undefined ? "" : ` metric ${metric}`;
  return `route ${destination} via ${via} dev ${device} table ${table}${last}`;
}

function policyRuleText({ mark, mask = 0, from, suppress, table, priority }: PolicyRuleSetting): string {
  const which = [
    ...(mark === undefined ? [] : [` with mark ${hex(mark)}/${hex(mask)}`]),
    ...(from === undefined ? [] : [` from ${from}`]),
  ];
  const but = suppress === undefined ? "" : ` for routes longer than /${suppress}`;
  return `rule ${priority}: packets${which.join("")} look up table ${table}${but}`;
}

const GATEWAY = gatewayOf({
  links: [
    link("isp1", "61.138.177.2/27", { gateway: "61.138.177.1", interface: "eth0" }),
    link("isp2", "203.0.113.2/30", { gateway: "203.0.113.1", interface: "eth1" }),
    link("lan", "10.10.0.1/16"),
  ],
  pools: [pool("one", "61.138.177.3-61.138.177.30"), pool("two", "198.51.100.0/24", { reachedBy: "route" })],
  uplinks: [
    { link: "isp1", health },
    { link: "isp2", health },
  ],
  sourceNat: [
    source("west", "10.10.1.0/24", "one", { out: "isp1" }),
    source("both", "10.10.1.0-10.10.2.255", "two", { out: "isp2" }),
  ],
});

test("without uplinks there is nothing", () => {
  assert.deepEqual(uplinkRouting(gatewayOf({})), { routes: [], policyRules: [] });
  assert.deepEqual(uplinkParts(gatewayOf({})), { sets: [], counters: [], chains: [] });
});

test("two tables for each uplink, and rules in the order in which they decide", () => {
  const { routes, policyRules } = uplinkRouting(GATEWAY);
  assert.deepEqual(routes.map(routeText), [
    "route 0.0.0.0/0 via 61.138.177.1 dev eth0 table 8001",
    "route 0.0.0.0/0 via 61.138.177.1 dev eth0 table 8101 metric 100",
    "route 0.0.0.0/0 via 203.0.113.1 dev eth1 table 8002",
    "route 0.0.0.0/0 via 203.0.113.1 dev eth1 table 8102 metric 100",
  ]);
  assert.deepEqual(policyRules.map(policyRuleText), [
    "rule 8001: packets with mark 0x100000/0xf00000 look up table 8001",
    "rule 8002: packets with mark 0x200000/0xf00000 look up table 8002",
    "rule 8020: packets look up table 254 for routes longer than /0",
    "rule 8031: packets from 61.138.177.0/27 look up table 8001",
    "rule 8032: packets from 198.51.100.0/24 look up table 8002",
    "rule 8032: packets from 203.0.113.0/30 look up table 8002",
    "rule 8051: packets with mark 0x300000/0xf00000 look up table 8101",
    "rule 8052: packets with mark 0x300000/0xf00000 look up table 8102",
    // Who has one uplink only stays with it.
    "rule 8053: packets with mark 0x400000/0xf00000 look up table 8002",
    "rule 8201: packets look up table 8101",
    "rule 8202: packets look up table 8102",
  ]);
  assert.equal(new Set(policyRules.map((rule) => JSON.stringify(rule))).size, policyRules.length);
});

test("connections are marked where they come in or leave, and go on by their mark", () => {
  const { sets, counters, chains } = uplinkParts(GATEWAY);
  assert.deepEqual(
    sets.map(({ name, elements }) => [name, elements]),
    [
      ["uplinks_1", ["10.10.1.0/24"]],
      ["uplinks_2", ["10.10.2.0/24"]],
    ],
  );
  assert.deepEqual(
    counters.map(({ name }) => name),
    ["dropped_wrong_uplink"],
  );
  assert.deepEqual(Object.fromEntries(chains.map(({ name, rules }) => [name, rules])), {
    uplink_choice: [
      'iifname "eth0" ct mark and 0x00f00000 == 0 ct mark set ct mark and 0xff0fffff or 0x00100000',
      'iifname "eth1" ct mark and 0x00f00000 == 0 ct mark set ct mark and 0xff0fffff or 0x00200000',
      'iifname { "eth0", "eth1" } accept',
      "ct mark and 0x00f00000 == 0x00100000 meta mark set meta mark and 0xff0fffff or 0x00100000 accept",
      "ct mark and 0x00f00000 == 0x00200000 meta mark set meta mark and 0xff0fffff or 0x00200000 accept",
      "ip saddr @uplinks_1 meta mark set meta mark and 0xff0fffff or 0x00300000 accept",
      "ip saddr @uplinks_2 meta mark set meta mark and 0xff0fffff or 0x00400000 accept",
    ],
    uplink_guard: [
      'oifname "eth0" ct mark and 0x00f00000 != 0 ct mark and 0x00f00000 != 0x00100000 counter name "dropped_wrong_uplink" drop',
      'oifname "eth1" ct mark and 0x00f00000 != 0 ct mark and 0x00f00000 != 0x00200000 counter name "dropped_wrong_uplink" drop',
    ],
    uplink_memory: [
      'oifname "eth0" ct mark and 0x00f00000 == 0 ct mark set ct mark and 0xff0fffff or 0x00100000',
      'oifname "eth1" ct mark and 0x00f00000 == 0 ct mark set ct mark and 0xff0fffff or 0x00200000',
    ],
  });
});
