import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { reversed, tupleOf, tupleText } from "./packet.ts";

const UDP4 = "4500002e000000004011000 00a4000010a400002".replace(" ", "") + "04000035001a0000";
const TCP4_FRAGMENT = "450000280000200140060000c0000201c0000202" + "0050c00000000000";
const PING = "45000054000000004001000" + "0c0000201c0000202" + "0800abcd12340001";
const UDP6 =
  "6000000000081140" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "0035100000080000";

void test("5-tuples of headers", () => {
  const cases = [
    [0x0800, UDP4, "UDP 10.64.0.1:1024 > 10.64.0.2:53"],
    [0x0800, TCP4_FRAGMENT, "TCP 192.0.2.1:0 > 192.0.2.2:0"],
    [0x0800, PING, "ICMP 192.0.2.1 > 192.0.2.2 id 4660"],
    [0x86dd, UDP6, "UDP [2001:db8::1]:53 > [2001:db8::2]:4096"],
    [0x0800, UDP6, undefined],
    [0x0800, UDP4.slice(0, 30), undefined],
    [0x0806, UDP4, undefined],
  ] as const;
  for (const [etherType, hex, text] of cases) {
    const tuple = tupleOf(etherType, Buffer.from(hex, "hex"));
    assert.equal(tuple === undefined ? undefined : tupleText(tuple), text);
  }
});

void test("twice reversed is the same", () => {
  for (const hex of [UDP4, PING]) {
    const tuple = tupleOf(0x0800, Buffer.from(hex, "hex"));
    assert.ok(tuple !== undefined);
    assert.notDeepEqual(reversed(tuple), tuple);
    assert.deepEqual(reversed(reversed(tuple)), tuple);
  }
});

void test("any bytes give a tuple or none", () => {
  fc.assert(
    fc.property(fc.constantFrom(0x0800, 0x86dd, 0), fc.uint8Array({ maxLength: 96 }), (etherType, bytes) => {
      const tuple = tupleOf(etherType, Buffer.from(bytes));
      if (tuple !== undefined) assert.notEqual(tupleText(tuple), "");
    }),
  );
});
