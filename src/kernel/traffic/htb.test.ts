import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AttributeCursor } from "../netlink/cursor.ts";
import { HOST_LITTLE_ENDIAN, MESSAGE_HEADER } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { fqCodelOptions } from "./fq-codel.ts";
import { decodeHtbClass, htbClassOptions, htbQueueOptions, type HtbClass } from "./htb.ts";

function written(fill: (message: NetlinkMessage) => void): Buffer {
  const message = new NetlinkMessage(0);
  fill(message);
  return Buffer.from(message.finish(0).slice(MESSAGE_HEADER));
}

test("a class as tc(8) writes it", { skip: HOST_LITTLE_ENDIAN ? false : "written in little-endian order" }, () => {
  const one: HtbClass = { number: 7, rate: 1_250_000, ceiling: 12_500_000, priority: 3, isLeaf: true };
  const fields = [
    "3000 0100", // length, TCA_HTB_PARMS
    "00 01 0000 0000 0000 d0121300", // rate: Ethernet, 1,250,000
    "00 01 0000 0000 0000 20bcbe00", // ceiling: 12,500,000
    "5a620200", // buffer: 10 ms in 64 ns
    "5a620200",
    "d4300000", // quantum: 12,500
    "00000000 03000000", // level, priority
  ];
  const bytes = written((message) => htbClassOptions(message, one)).toString("hex");
  assert.equal(bytes, fields.join("").replaceAll(" ", ""));
});

test("property: what is written is read back, rates above 32 bits too", () => {
  const rate = fc.oneof(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.integer({ min: 2 ** 32, max: 2 ** 40 }));
  fc.assert(
    fc.property(rate, rate, fc.integer({ min: 0, max: 7 }), (one, other, priority) => {
      const [slow, fast] = [Math.min(one, other), Math.max(one, other)];
      const bytes = written((message) =>
        htbClassOptions(message, { number: 1, rate: slow, ceiling: fast, priority, isLeaf: true }),
      );
      const cursor = new AttributeCursor(bytes).inside(0, bytes.length);
      assert.deepEqual(decodeHtbClass(cursor), { rate: slow, ceiling: fast, priority });
    }),
  );
});

test("a damaged answer is refused, not misread", () => {
  const short = written((message) => message.attribute(1, (value) => value.u32(1)));
  assert.throws(() => decodeHtbClass(new AttributeCursor(short).inside(0, short.length)), { code: "kernel-malformed" });
});

test("the queue knows where packets of nobody go, and slow classes let two frames wait", () => {
  const queue = written((message) => htbQueueOptions(message, 0xfffe));
  const view = new DataView(queue.buffer, queue.byteOffset);
  assert.deepEqual([view.getUint32(4, HOST_LITTLE_ENDIAN), view.getUint32(12, HOST_LITTLE_ENDIAN)], [3, 0xfffe]);
  for (const [ceiling, target] of [
    [1_250_000, 5000],
    [125_000, 24_224],
  ] as const) {
    const options = written((message) => fqCodelOptions(message, ceiling));
    assert.equal(new DataView(options.buffer, options.byteOffset).getUint32(4, HOST_LITTLE_ENDIAN), target);
  }
});
