import { equal } from "node:assert/strict";
import { isIPv4 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { formatIpv4, parseIpv4 } from "./ipv4.ts";

const address = fc.nat(0xffffffff);
// Near misses: what is almost an address is where readers differ.
const almost = fc.stringMatching(/^[0-9. xa/:-]{0,18}$/);
const octets = fc.array(fc.oneof(fc.nat(300).map(String), fc.constantFrom("", "00", "01", "1e1", "-1")), {
  maxLength: 5,
});

test("addresses are read and written", () => {
  const table: [text: string, value: number | undefined][] = [
    ["0.0.0.0", 0],
    ["10.0.0.1", 0x0a000001],
    ["255.255.255.255", 0xffffffff],
    ["128.0.0.0", 0x80000000],
    ["256.0.0.1", undefined],
    ["10.0.0", undefined],
    ["10.0.0.1.2", undefined],
    ["010.0.0.1", undefined],
    ["10.0.0.01", undefined],
    ["10.0.0.1 ", undefined],
    ["10.0.0.1\n", undefined],
    ["0x0a.0.0.1", undefined],
    ["١.0.0.1", undefined],
    ["", undefined],
  ];
  for (const [text, value] of table) {
    equal(parseIpv4(text), value, text);
    if (value !== undefined) equal(formatIpv4(value), text);
  }
});

test("what is written reads back, and ipaddr.js writes the same", () => {
  fc.assert(
    fc.property(address, (value) => {
      const text = formatIpv4(value);
      equal(parseIpv4(text), value);
      const bytes = ipaddr.IPv4.parse(text).toByteArray();
      equal(
        bytes.reduce((sum, byte) => sum * 256 + byte, 0),
        value,
      );
    }),
  );
});

test("accepted is exactly what node:net accepts", () => {
  const text = fc.oneof(
    almost,
    octets.map((parts) => parts.join(".")),
    address.map(formatIpv4),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      equal(parseIpv4(candidate) !== undefined, isIPv4(candidate), candidate);
    }),
    { numRuns: 2000 },
  );
});
