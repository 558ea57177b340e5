import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forward, gatewayOf, link, pool, source, staticNat } from "../../test/fixtures/plan-of.ts";
import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Range } from "../address/ipv4-range.ts";
import { placePublicAddresses } from "./public-addresses.ts";

test("public addresses are placed where they leave, else where their network is, else at the default route", () => {
  const gateway = gatewayOf({
    links: [
      link("lan", "10.10.0.1/16"),
      link("wan", "61.138.177.2/24", { gateway: "61.138.177.1" }),
      link("wan2", "203.0.113.2/24"),
    ],
    pools: [
      pool("used", "203.0.113.7"),
      pool("near", "203.0.113.8"),
      pool("far", "198.51.100.8", { reachedBy: "route" }),
    ],
    sourceNat: [source("a", "10.10.1.0/24", "used")],
  });
  assert.deepEqual(
    placePublicAddresses(gateway).map((p) => [formatIpv4Range(p.range), p.link, p.reachedBy]),
    [
      ["203.0.113.7", "wan", "address"],
      ["203.0.113.8", "wan2", "address"],
      ["198.51.100.8", "wan", "route"],
    ],
  );
});

test("each address is placed once, by whoever names it first; a link's own not at all", () => {
  const octet = fc.nat({ max: 30 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(octet, octet), { maxLength: 8 }),
      fc.array(octet, { maxLength: 8 }),
      (spans, listening) => {
        const at = (last: number) => `61.138.177.${last}`;
        const statics = spans.map(([a, b], i) => {
          const [first, last] = a < b ? [a, b] : [b, a];
          return staticNat(`${at(first)}-${at(last)}`, `10.${i}.0.0-10.${i}.0.${last - first}`, { reachedBy: "route" });
        });
        const forwards = listening.map((octets) => forward(`f${octets}`, `${at(octets)}:80/tcp`, "10.10.0.2"));
        const expected = new Map<string, string>();
        for (const { public: range } of statics) {
          for (let address = range.first; address <= range.last; address++) expected.set(formatIpv4(address), "route");
        }
        for (const octets of listening) if (!expected.has(at(octets))) expected.set(at(octets), "address");
        expected.delete(at(2));
        const placed: [string, string][] = [];
        for (const { range, reachedBy } of placePublicAddresses(
          gatewayOf({ staticNat: statics, portForwards: forwards }),
        )) {
          for (let address = range.first; address <= range.last; address++)
            placed.push([formatIpv4(address), reachedBy]);
        }
        assert.equal(placed.length, expected.size);
        assert.deepEqual(new Map(placed), expected);
      },
    ),
  );
});
