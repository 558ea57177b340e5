import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { staticNat } from "../../test/fixtures/plan-of.ts";
import { formatIpv4Prefix, network } from "../address/ipv4-prefix.ts";
import { parseIpv4Range } from "../address/ipv4-range.ts";
import { pairPrefixes, staticMaps } from "./static-nat.ts";

const PAIRS: readonly (readonly [string, string, readonly string[]])[] = [
  ["61.138.177.31", "10.10.0.4", ["61.138.177.31/32 10.10.0.4/32"]],
  ["61.138.177.32/28", "10.10.0.16/28", ["61.138.177.32/28 10.10.0.16/28"]],
  // Nothing is aligned on both sides: one by one.
  ["61.138.177.1-61.138.177.3", "10.10.0.2-10.10.0.4", [".1/32 .2/32", ".2/32 .3/32", ".3/32 .4/32"]],
  [
    "61.138.177.1-61.138.177.6",
    "10.10.0.9-10.10.0.14",
    [".1/32 .9/32", ".2/31 .10/31", ".4/31 .12/31", ".6/32 .14/32"],
  ],
  ["0.0.0.0/0", "0.0.0.0/0", ["0.0.0.0/0 0.0.0.0/0"]],
];

for (const [outer, inner, expected] of PAIRS) {
  test(`static NAT pairs prefixes of ${outer} and ${inner}`, () => {
    assert.deepEqual(
      pairPrefixes(range(outer), range(inner)).map(
        (pair) => `${formatIpv4Prefix(pair.public)} ${formatIpv4Prefix(pair.private)}`,
      ),
      expected.map((pair) => pair.replace(/^\./, "61.138.177.").replace(" .", " 10.10.0.")),
    );
  });
}

test("pairs of prefixes are aligned, equal in length, and map every address in order", () => {
  const start = fc.integer({ min: 0, max: 0xffff_0000 });
  fc.assert(
    fc.property(start, start, fc.integer({ min: 1, max: 5000 }), (outer, inner, size) => {
      let next = 0;
      for (const pair of pairPrefixes(
        { first: outer, last: outer + size - 1 },
        { first: inner, last: inner + size - 1 },
      )) {
        assert.equal(pair.public.length, pair.private.length);
        assert.deepEqual([network(pair.public), network(pair.private)], [outer + next, inner + next]);
        next += 2 ** (32 - pair.public.length);
      }
      assert.equal(next, size);
    }),
  );
});

test("static NAT: single addresses and prefixes in maps of their own, by link where they leave", () => {
  const maps = staticMaps([
    staticNat("61.138.177.31", "10.10.0.4"),
    staticNat("61.138.177.32/28", "10.10.0.16/28"),
    staticNat("61.138.178.9", "10.10.0.5", { out: "wan2" }),
  ]);
  assert.deepEqual(
    maps.sets.map((set) => [set.name, set.data, set.flags, set.elements]),
    [
      ["static_in", "ipv4_addr", [], ["61.138.177.31 : 10.10.0.4", "61.138.178.9 : 10.10.0.5"]],
      ["static_in_prefixes", "interval ipv4_addr", ["interval"], ["61.138.177.32/28 : 10.10.0.16/28"]],
      ["static_out_wan", "ipv4_addr", [], ["10.10.0.4 : 61.138.177.31"]],
      ["static_prefixes_out_wan", "interval ipv4_addr", ["interval"], ["10.10.0.16/28 : 61.138.177.32/28"]],
      ["private_wan", undefined, ["interval"], ["10.10.0.4", "10.10.0.16/28"]],
      ["static_out_wan2", "ipv4_addr", [], ["10.10.0.5 : 61.138.178.9"]],
      ["private_wan2", undefined, ["interval"], ["10.10.0.5"]],
    ],
  );
  assert.deepEqual(maps.incoming, [
    "dnat ip to ip daddr map @static_in",
    "dnat ip prefix to ip daddr map @static_in_prefixes",
  ]);
  assert.deepEqual(maps.outgoing, [
    {
      out: "wan",
      statements: [
        "snat ip to ip saddr map @static_out_wan",
        "snat ip prefix to ip saddr map @static_prefixes_out_wan",
      ],
      hosts: "private_wan",
    },
    { out: "wan2", statements: ["snat ip to ip saddr map @static_out_wan2"], hosts: "private_wan2" },
  ]);
});

function range(text: string) {
  const parsed = parseIpv4Range(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}
