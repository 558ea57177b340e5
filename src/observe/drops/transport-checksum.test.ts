import assert from "node:assert/strict";
import { test } from "node:test";
import { internetChecksum } from "../../../test/fixtures/internet-checksum.ts";
import { transportChecksum } from "./transport-checksum.ts";

/** Protocol, octets of what follows the IP header, and where the checksum stands in it. */
const CONTENTS: readonly (readonly [string, number, number, number])[] = [
  ["UDP", 17, 26, 6],
  ["UDP of odd length", 17, 15, 6],
  ["TCP", 6, 20, 16],
  ["ICMP", 1, 16, 2],
];

for (const [name, protocol, octets, place] of CONTENTS) {
  test(`${name}: right, wrong, unfinished, and what cannot be told`, () => {
    const right = packet(protocol, octets, place);
    assert.equal(transportChecksum(right, right.length), "right");
    const wrong = changed(right, 20 + place, right.readUInt16BE(20 + place) ^ 0x1111);
    assert.equal(transportChecksum(wrong, wrong.length), "wrong");
    const padded = Buffer.concat([right], right.length + 6);
    assert.equal(transportChecksum(padded, padded.length), "right");
    assert.equal(transportChecksum(right.subarray(0, right.length - 4), right.length), undefined);
    const fragment = changed(right, 6, 0x2000);
    assert.equal(transportChecksum(fragment, fragment.length), undefined);
    const started = changed(right, 20 + place, 0xffff - internetChecksum(pseudoHeader(right)));
    assert.equal(transportChecksum(started, started.length), protocol === 1 ? "wrong" : "unfinished");
  });
}

test("no checksum, another protocol, no packet: nothing to say", () => {
  const without = changed(packet(17, 26, 6), 26, 0);
  assert.equal(transportChecksum(without, without.length), undefined);
  const gre = packet(47, 26, 6);
  assert.equal(transportChecksum(gre, gre.length), undefined);
  assert.equal(transportChecksum(Buffer.alloc(0), 0), undefined);
});

/** From 10.64.1.9 to 198.51.100.9; the content is 1, 2, 3, ... */
function packet(protocol: number, octets: number, place: number): Buffer {
  const bytes = Buffer.from([0x45, 0, 0, 20 + octets, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 64, 1, 9, 198, 51, 100, 9]);
  const content = Buffer.from(Array.from({ length: octets }, (_, index) => index + 1));
  content.writeUInt16BE(0, place);
  const whole = Buffer.concat([bytes, content]);
  const covered = protocol === 1 ? content : Buffer.concat([pseudoHeader(whole), content]);
  return changed(whole, 20 + place, internetChecksum(covered));
}

function pseudoHeader(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(12, 20), Buffer.from([0, bytes.readUInt8(9), 0, bytes.length - 20])]);
}

function changed(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(value, at);
  return copy;
}
