import assert from "node:assert/strict";
import { test } from "node:test";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { CAUSE_BYTES, decodeCause, decodeSample, decodeSeats, mergeCounts, SAMPLE_BYTES } from "./record.ts";

const skip = HOST_LITTLE_ENDIAN ? false : "recorded on a little-endian machine";

/** From a drop in nft_do_chain, IPv4 UDP on interface 2. */
const CAUSE = Buffer.from("4c53a581ffffffff0c0000008e0400f0020000000800" + "1100", "hex");

void test("a cause", { skip }, () => {
  assert.equal(CAUSE.length, CAUSE_BYTES);
  assert.deepEqual(decodeCause(CAUSE), {
    location: 0xffffffff81a5534cn,
    reason: 12,
    namespace: 0xf000048e,
    interface: 2,
    protocol: 0x0800,
    transport: 17,
  });
});

void test("seats of two processors: the free ones say nothing, equal causes are added up", { skip }, () => {
  const seat = (packets: number): Buffer =>
    Buffer.concat([CAUSE, Buffer.from(BigUint64Array.of(BigInt(packets)).buffer)]);
  const seats = decodeSeats(Buffer.concat([seat(0), seat(3), seat(0), seat(4)]));
  assert.deepEqual(
    seats.map(({ packets }) => packets),
    [3, 4],
  );
  assert.deepEqual(mergeCounts(seats), [{ ...decodeCause(CAUSE), packets: 7 }]);
});

void test("a sample never reaches past its own bytes", { skip }, () => {
  const bytes = Buffer.alloc(SAMPLE_BYTES, 0xff);
  CAUSE.copy(bytes);
  assert.equal(decodeSample(bytes).bytes.length, 96);
  bytes.writeUInt32LE(0, 36);
  assert.equal(decodeSample(bytes).bytes.length, 0);
  bytes.writeUInt32LE(28, 36);
  bytes.writeUInt32LE(1500, 32);
  const sample = decodeSample(bytes);
  assert.equal(sample.bytes.length, 28);
  assert.equal(sample.length, 1500);
  bytes.fill(0);
  assert.equal(sample.bytes[0], 0xff, "the bytes are a copy");
});
