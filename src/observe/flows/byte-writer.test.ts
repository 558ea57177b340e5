import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4 } from "../../address/ipv4.ts";
import { ByteWriter } from "./byte-writer.ts";

function text(write: (to: ByteWriter) => void): string {
  const parts: string[] = [];
  const to = new ByteWriter((bytes) => parts.push(Buffer.from(bytes).toString("latin1")));
  write(to);
  to.flush();
  return parts.join("");
}

test("numbers are written as JavaScript writes them", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(100_000), fc.nat(0xffffffff), fc.maxSafeNat()), (value) => {
      assert.equal(
        text((to) => to.decimal(value)),
        String(value),
      );
    }),
  );
  for (let power = 1; power <= 1e15; power *= 10) {
    for (const value of [power - 1, power, power + 1])
      assert.equal(
        text((to) => to.decimal(value)),
        String(value),
      );
  }
});

test("hexadecimal and IPv4", () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), (value) => {
      assert.equal(
        text((to) => to.hex(value)),
        value.toString(16),
      );
      assert.equal(
        text((to) => to.ipv4(value)),
        formatIpv4(value),
      );
    }),
  );
});

test("IPv6 as inet_ntop of glibc writes it", () => {
  const cases: readonly (readonly [groups: readonly number[], text: string])[] = [
    [[0, 0, 0, 0, 0, 0, 0, 0], "::"],
    [[0, 0, 0, 0, 0, 0, 0, 1], "::1"],
    [[1, 0, 0, 0, 0, 0, 0, 0], "1::"],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], "2001:db8::1"],
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"],
    [[0x2001, 0, 0, 1, 1, 0, 0, 1], "2001::1:1:0:0:1"],
    [[1, 0, 2, 3, 4, 5, 6, 7], "1:0:2:3:4:5:6:7"],
    [[0, 1, 2, 3, 4, 5, 6, 7], "0:1:2:3:4:5:6:7"],
    [[1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::"],
    [[0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304], "::ffff:1.2.3.4"],
    [[0, 0, 0, 0, 0, 0, 0x0102, 0x0304], "::1.2.3.4"],
    [[0, 0, 0, 0, 0, 1, 0x0102, 0x0304], "::1:102:304"],
    [[0, 0, 0, 0, 0, 0xffff, 0, 0], "::ffff:0.0.0.0"],
  ];
  for (const [groups, expected] of cases) {
    const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
    assert.equal(
      text((to) => to.ipv6(bytes, 0)),
      expected,
    );
  }
});

test("a buffer of lines is handed over when it is full, and nothing is lost", () => {
  const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
  let flushes = 0;
  const parts: string[] = [];
  const to = new ByteWriter((bytes) => {
    flushes++;
    parts.push(Buffer.from(bytes).toString("latin1"));
  });
  for (let i = 0; i < 20_000; i++) {
    to.bytes(Buffer.from("line "));
    to.decimal(i);
    to.endLine();
  }
  to.flush();
  assert.equal(parts.join(""), expected);
  assert.equal(flushes, Math.ceil(expected.length / 65_536));
});
