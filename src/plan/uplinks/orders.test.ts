import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryGateway } from "../../../test/arbitrary/gateway.ts";
import { gatewayOf, link, source } from "../../../test/fixtures/plan-of.ts";
import { formatIpv4Range, mergeRanges, overlapIn, subtractRanges } from "../../address/ipv4-range.ts";
import type { SourceNat } from "../../config/gateway.ts";
import { uplinkOrders } from "./orders.ts";

const health = { probes: [], interval: 1000, downAfter: 3000, upAfter: 10_000 };
const LINKS = [
  link("a", "61.138.177.2/27", { gateway: "61.138.177.1" }),
  link("b", "203.0.113.2/26", { gateway: "203.0.113.1" }),
  link("c", "192.0.2.2/26", { gateway: "192.0.2.1" }),
];

function orders(sourceNat: readonly SourceNat[]): string[] {
  const uplinks = LINKS.map(({ name }) => ({ link: name, health }));
  return uplinkOrders(gatewayOf({ links: LINKS, uplinks, sourceNat })).map(
    ({ uplinks: names, subscribers }) => `${names.join(" ")}: ${subscribers.map(formatIpv4Range).join(", ")}`,
  );
}

const TABLE: readonly (readonly [what: string, rules: readonly SourceNat[], expected: readonly string[]])[] = [
  ["no rule", [], []],
  ["one rule", [source("x", "10.0.0.0/24", "masquerade", { out: "a" })], ["a: 10.0.0.0/24"]],
  [
    "two halves, each the other's stand-in",
    [
      source("west", "10.0.0.0/24", "masquerade", { out: "a" }),
      source("east", "10.0.1.0/24", "masquerade", { out: "b" }),
      source("all-by-b", "10.0.0.0/23", "masquerade", { out: "b" }),
      source("all-by-a", "10.0.0.0/23", "masquerade", { out: "a" }),
    ],
    ["a b: 10.0.0.0/24", "b a: 10.0.1.0/24"],
  ],
  [
    "a part of a rule has a third",
    [
      source("all", "10.0.0.0/24", "masquerade", { out: "a" }),
      source("some", "10.0.0.128/25", "masquerade", { out: "c", except: "10.0.0.200" }),
    ],
    ["a: 10.0.0.0/25, 10.0.0.200", "a c: 10.0.0.128-10.0.0.199, 10.0.0.201-10.0.0.255"],
  ],
];

for (const [what, rules, expected] of TABLE) {
  test(`the order of uplinks: ${what}`, () => assert.deepEqual(orders(rules), expected));
}

test("everyone whom a rule of an uplink translates has one order, which begins with the first such rule", () => {
  fc.assert(
    fc.property(arbitraryGateway(), (gateway) => {
      const found = uplinkOrders(gateway);
      const names = new Set(gateway.uplinks?.map((uplink) => uplink.link));
      const rules = [
        ...gateway.staticNat.map((entry) => ({ out: entry.out, sources: [entry.private] })),
        ...gateway.sourceNat.map((rule) => ({ out: rule.out, sources: subtractRanges(rule.from, rule.except) })),
      ].filter(({ out }) => names.has(out));
      assert.deepEqual(
        mergeRanges(found.flatMap(({ subscribers }) => subscribers)),
        mergeRanges(rules.flatMap(({ sources }) => sources)),
      );
      for (const [index, order] of found.entries()) {
        assert.equal(new Set(order.uplinks).size, order.uplinks.length);
        for (const other of found.slice(0, index)) {
          for (const range of order.subscribers) assert.equal(overlapIn(other.subscribers, range), undefined);
        }
        for (const range of order.subscribers) {
          const first = rules.find(({ sources }) => overlapIn(mergeRanges(sources), range) !== undefined);
          assert.equal(order.uplinks[0], first?.out);
        }
      }
    }),
  );
});
