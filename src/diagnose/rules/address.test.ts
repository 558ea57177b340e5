import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "./address.ts";

test("addresses of both families are read and written", () => {
  for (const [text, family, value, written = text] of [
    ["10.0.0.1", "ip", 0x0a000001n],
    ["::", "ip6", 0n],
    ["::1", "ip6", 1n],
    ["fe80::1", "ip6", (0xfe80n << 112n) | 1n],
    ["2001:db8:0:0:1:0:0:1", "ip6", 0x20010db8000000000001000000000001n, "2001:db8::1:0:0:1"],
    ["::ffff:10.0.0.1", "ip6", 0xffff0a000001n, "::ffff:a00:1"],
    ["2001:DB8::", "ip6", 0x20010db8n << 96n, "2001:db8::"],
  ] as const) {
    assert.deepEqual(parseAddress(text), { family, value });
    assert.equal(formatAddress({ family, value }), written);
  }
});

test("what is no address is none", () => {
  for (const text of [
    "",
    "1.2.3",
    "1.2.3.256",
    ":",
    ":::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
    "::1.2.3",
    "1:2:3:4:5:6:7:8:9",
  ]) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test("every IPv6 address survives writing and reading", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (value) => {
      assert.deepEqual(parseAddress(formatAddress({ family: "ip6", value })), { family: "ip6", value });
    }),
  );
});
