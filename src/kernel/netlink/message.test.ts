import assert from "node:assert/strict";
import { test } from "node:test";
import { AttributeCursor, MessageCursor } from "./cursor.ts";
import { HOST_LITTLE_ENDIAN } from "./header.ts";
import { NetlinkMessage } from "./message.ts";

const ENCODED: readonly (readonly [string, NetlinkMessage, string])[] = [
  ["a bare header", new NetlinkMessage(0x12, 0x300), "10000000 1200 0103 07000000 00000000"],
  [
    "fixed part",
    new NetlinkMessage(1).u8(2).u8(3).u16(0x0405).u32(0x06070809),
    "18000000 0100 0100 07000000 00000000 02030504 09080706",
  ],
  [
    "big-endian",
    new NetlinkMessage(1).u16be(0x0102).u16be(3).u32be(0x0a000001),
    "18000000 0100 0100 07000000 00000000 01020003 0a000001",
  ],
  [
    "an attribute of one byte is padded, its length is not",
    new NetlinkMessage(1).attribute(9, (value) => value.u8(255)),
    "18000000 0100 0100 07000000 00000000 0500 0900 ff000000",
  ],
  [
    "text ends in a zero byte",
    new NetlinkMessage(1).text(3, "lan"),
    "18000000 0100 0100 07000000 00000000 0800 0300 6c616e00",
  ],
  [
    "nested attributes count the padding inside, not behind",
    new NetlinkMessage(1).nested(18, (info) => info.text(1, "veth").attribute(2, (value) => value.u16(1))),
    "28000000 0100 0100 07000000 00000000 1800 1280 0900 0100 7665746800000000 0600 0200 01000000",
  ],
  [
    "an empty attribute",
    new NetlinkMessage(1).attribute(5, () => undefined),
    "14000000 0100 0100 07000000 00000000 0400 0500",
  ],
];

for (const [title, message, hex] of ENCODED) {
  test(`writes ${title}`, { skip: HOST_LITTLE_ENDIAN ? false : "the table is of a little-endian host" }, () => {
    assert.equal(Buffer.from(message.finish(7, 1)).toString("hex"), hex.replaceAll(" ", ""));
  });
}

test("grows past its first 256 bytes and reads back the same", () => {
  const message = new NetlinkMessage(1);
  for (let i = 0; i < 500; i++) message.attribute(i, (value) => value.u32(i * 1000));
  const bytes = message.finish(1);
  const cursor = new MessageCursor(bytes).reset(bytes.length);
  assert.ok(cursor.next());
  const attributes = new AttributeCursor(bytes).inMessage(cursor, 0);
  const seen: number[] = [];
  while (attributes.next()) {
    assert.equal(attributes.u32(), attributes.type * 1000);
    seen.push(attributes.type);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, i) => i),
  );
  assert.equal(cursor.next(), false);
});

test("refuses an attribute longer than its length field can say", () => {
  assert.throws(() => new NetlinkMessage(1).attribute(1, (value) => value.bytes(new Uint8Array(65_533))), RangeError);
});

test("can be finished twice with other numbers", () => {
  const message = new NetlinkMessage(1).u32(5);
  message.finish(1, 1);
  assert.equal(Buffer.from(message.finish(2, 4)).readUInt32LE(8), 2);
  assert.equal(Buffer.from(message.finish(2, 4)).readUInt16LE(6), 4);
});

test("a message longer than its first buffer keeps every number, whichever makes it grow", () => {
  for (let before = 0; before < 8; before++) {
    const message = new NetlinkMessage(1)
      .bytes(new Uint8Array(232 + before))
      .u8(1)
      .u16be(2)
      .u32be(3)
      .u32be(4)
      .u16be(5);
    assert.deepEqual(
      [...message.finish(1).subarray(16 + 232 + before)],
      [1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 5],
      `${before}`,
    );
  }
});
