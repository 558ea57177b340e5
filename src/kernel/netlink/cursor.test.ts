import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isKernelError } from "../error.ts";
import { AttributeCursor, MessageCursor } from "./cursor.ts";
import { NetlinkMessage } from "./message.ts";

function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

const malformed = (error: unknown): boolean => isKernelError(error, "kernel-malformed");

const BAD_MESSAGES: readonly (readonly [string, string])[] = [
  ["header cut off", "10000000 0100 0000 0000"],
  ["length below the header's", "0f000000 0100 0000 00000000 00000000"],
  ["length zero", "00000000 0100 0000 00000000 00000000"],
  ["length past the end", "11000000 0100 0000 00000000 00000000"],
  ["length over 2^31", "000000f0 0100 0000 00000000 00000000"],
];

for (const [title, bytes] of BAD_MESSAGES) {
  test(`message: ${title}`, () => {
    const buffer = hex(bytes);
    assert.throws(() => new MessageCursor(buffer).reset(buffer.length).next(), malformed);
  });
}

const BAD_ATTRIBUTES: readonly (readonly [string, string])[] = [
  ["length below the header's", "0300 0100"],
  ["length zero", "0000 0100"],
  ["length past the end", "0900 0100 00000000"],
];

for (const [title, bytes] of BAD_ATTRIBUTES) {
  test(`attribute: ${title}`, () => {
    const buffer = hex(bytes);
    assert.throws(() => new AttributeCursor(buffer).inside(0, buffer.length).next(), malformed);
  });
}

test("attribute: a payload too short for the number asked for", () => {
  // Behind the two bytes lie others, of no concern to this attribute.
  const buffer = hex("0600 0100 0102ffff ffffffff");
  const attribute = new AttributeCursor(buffer).inside(0, 8);
  assert.ok(attribute.next());
  assert.equal(attribute.u16be(), 0x0102);
  assert.throws(() => attribute.u32(), malformed);
  assert.throws(() => attribute.u64be(), malformed);
});

test("attribute: text without its zero byte ends with the payload", () => {
  const buffer = hex("0700 0100 6c616eff");
  const attribute = new AttributeCursor(buffer).inside(0, 8);
  assert.ok(attribute.next());
  assert.equal(attribute.text(), "lan");
});

test("attribute: up to three bytes of padding at the end are no attribute", () => {
  const buffer = hex("0500 0100 ff000000 000000");
  const attribute = new AttributeCursor(buffer).inside(0, buffer.length);
  assert.ok(attribute.next());
  assert.equal(attribute.next(), false);
});

test("attribute: flag bits are not part of the type", () => {
  const attribute = new AttributeCursor(hex("0400 12c0")).inside(0, 4);
  assert.ok(attribute.next());
  assert.equal(attribute.type, 0x12);
});

test("message: the fixed part cannot reach into the next message", () => {
  const first = new NetlinkMessage(1).u32(1).finish(1).slice();
  const second = new NetlinkMessage(2).u32(2).finish(2).slice();
  const buffer = Buffer.concat([first, second]);
  const message = new MessageCursor(buffer).reset(buffer.length);
  assert.ok(message.next());
  assert.equal(message.u32(0), 1);
  assert.throws(() => message.u32(4), malformed);
  assert.throws(() => new AttributeCursor(buffer).inMessage(message, 8), malformed);
  assert.ok(message.next());
  assert.deepEqual([message.type, message.sequence, message.u32(0)], [2, 2, 2]);
});

test("a cursor is not reset past its buffer", () => {
  assert.throws(() => new MessageCursor(new Uint8Array(16)).reset(17), malformed);
  assert.throws(() => new AttributeCursor(new Uint8Array(16)).inside(0, 17), malformed);
});

/** Walks everything, as deep as it nests, and gives how many steps it took. */
function walk(buffer: Uint8Array, length: number): number {
  let steps = 0;
  const descend = (start: number, end: number, depth: number): void => {
    const attribute = new AttributeCursor(buffer).inside(start, end);
    while (attribute.next()) {
      steps += 1;
      assert.ok(attribute.start >= start && attribute.end <= end);
      attribute.text();
      if (depth < 4) ignoreMalformed(() => descend(attribute.start, attribute.end, depth + 1));
    }
  };
  const message = new MessageCursor(buffer).reset(length);
  while (message.next()) {
    steps += 1;
    ignoreMalformed(() => descend(message.start, message.end, 0));
  }
  return steps;
}

function ignoreMalformed(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!malformed(error)) throw error;
  }
}

test("any bytes are walked to an end, inside their bounds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
      ignoreMalformed(() => assert.ok(walk(bytes, bytes.length) <= bytes.length * 5));
    }),
  );
});
