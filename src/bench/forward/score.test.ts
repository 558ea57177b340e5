import assert from "node:assert/strict";
import { test } from "node:test";
import { createConnectionSet } from "../../lab/generator/connection.ts";
import { AT, FRAME_LENGTH, IPPROTO_UDP, UDP_LENGTH, writeFrame } from "../../lab/generator/frame.ts";
import { HEADER_BYTES, writeScore } from "./score.ts";

const ENDS = { own: new Uint8Array(6), gateway: new Uint8Array(6) };
const SET = createConnectionSet({
  connections: 50,
  subscribers: [{ first: 0x64400000, last: 0x64400006 }],
  destinations: { address: 0xc6120000, length: 15 },
  seed: 3,
});

/** What `play` of bpf/bench.bpf.c makes of a header. */
function play(frame: Buffer, header: Uint8Array): Buffer {
  const played = Buffer.from(frame);
  played.set(header.subarray(0, 14), AT.ipChecksum);
  played.writeUInt16BE(UDP_LENGTH, AT.udpLength);
  played.set(header.subarray(14), AT.udpChecksum);
  return played;
}

test("every place of the score plays the frame of its connection", () => {
  const order = Uint32Array.of(7, 0, 49, 7, 12);
  const score = writeScore(SET, 50, order);
  assert.equal(score.length, order.length);
  for (const [place, index] of order.entries()) {
    const expected = Buffer.alloc(FRAME_LENGTH);
    writeFrame(expected, SET, index, IPPROTO_UDP, ENDS, 0);
    const header = score.headers.subarray(place * HEADER_BYTES, (place + 1) * HEADER_BYTES);
    assert.deepEqual(play(score.frame, header), expected);
  }
});
