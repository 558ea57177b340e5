import assert from "node:assert/strict";
import { test } from "node:test";
import { route, signals } from "../../test/fixtures/signals.ts";
import { lookUpRoute, routeText, type RoutedPacket } from "./look-up-route.ts";
import type { PolicyRuleSignal } from "./signals/network.ts";

const BASE = signals().network;
const NETWORK = {
  ...BASE,
  routes: [
    ...BASE.routes,
    route({ destination: "198.51.100.0/24", type: "blackhole" }),
    route({ destination: "10.64.7.0/24", interface: "lan", via: "10.64.0.9", metric: 20 }),
    route({ destination: "10.64.7.0/24", interface: "wan", metric: 10 }),
    route({ destination: "10.64.8.0/24", type: "throw", table: 100 }),
    route({ destination: "0.0.0.0/0", interface: "lan", table: 100 }),
  ],
  policyRules: [
    rule({ priority: 10, from: "10.64.3.0/24", action: "prohibit", table: 0 }),
    rule({ priority: 20, incoming: "vpn", table: 100 }),
    rule({ priority: 30, mark: 7, table: 100 }),
    rule({ priority: 40, from: "10.0.0.0/8", to: "100.64.0.0/10", table: 100 }),
    rule({ priority: 45, to: "100.80.0.0/16", table: 254, suppress: 0 }),
    rule({ priority: 46, to: "100.80.0.0/16", action: "prohibit", table: 0 }),
    rule({ priority: 50, from: "0.0.0.0/0", to: "10.99.0.0/16", inverted: true, action: "nop", table: 0 }),
    ...BASE.policyRules,
  ],
};

function rule(more: Partial<PolicyRuleSignal> & Pick<PolicyRuleSignal, "priority" | "table">): PolicyRuleSignal {
  return { text: `rule ${more.priority}`, ...more };
}

const CASES: readonly [string, RoutedPacket, string][] = [
  ["the longest prefix", { destination: "10.64.1.1" }, "10.64.0.0/16 dev lan"],
  ["the default route", { destination: "8.8.8.8" }, "default via 203.0.113.1 dev wan"],
  ["an address of the host", { destination: "203.0.113.2" }, "local 203.0.113.2/32 dev wan table local"],
  ["a route that refuses", { destination: "198.51.100.9" }, "blackhole 198.51.100.0/24"],
  ["the lower metric", { destination: "10.64.7.1" }, "10.64.7.0/24 dev wan metric 10"],
  ["a rule by source that refuses", { source: "10.64.3.4", destination: "8.8.8.8" }, "rule 10"],
  ["a rule by interface", { incoming: "vpn", destination: "8.8.8.8" }, "default dev lan table 100"],
  ["a route that says throw", { incoming: "vpn", destination: "10.64.8.1" }, "10.64.0.0/16 dev lan"],
  ["a rule for which default routes do not count", { source: "11.0.0.1", destination: "100.80.1.1" }, "rule 46"],
  ["a rule by both ends", { source: "10.64.1.1", destination: "100.64.1.1" }, "default dev lan table 100"],
];

for (const [name, packet, expected] of CASES) {
  test(name, () => {
    const answer = lookUpRoute(NETWORK, packet);
    assert.equal(answer?.route === undefined ? answer?.rule?.text : routeText(answer.route), expected);
  });
}

test("no route, and no IPv4 address", () => {
  const network = { ...BASE, routes: BASE.routes.filter(({ destination }) => destination !== "0.0.0.0/0") };
  assert.deepEqual(lookUpRoute(network, { destination: "8.8.8.8" }), {});
  assert.equal(lookUpRoute(network, { destination: "2001:db8::1" }), undefined);
});
