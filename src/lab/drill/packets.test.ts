import assert from "node:assert/strict";
import { test } from "node:test";
import { internetChecksum, transportBytes } from "../../../test/fixtures/internet-checksum.ts";
import { makePacket, type Content, type PacketFields } from "./packets.ts";

const ENDS = { source: "10.64.1.1", destination: "198.51.100.9" };
const UDP: Content = { protocol: "udp", sourcePort: 1024, destinationPort: 53 };

function transportSum(packet: Buffer): number {
  return internetChecksum(transportBytes(Buffer.concat([Buffer.alloc(14), packet])));
}

test("a packet's octets", () => {
  const packet = makePacket({ ...ENDS, content: { ...UDP, data: Buffer.from("hi!") } });
  assert.equal(packet.toString("hex"), "4500001f00000000401145510a400101c633640904000035000b3cbc686921");
});

const CONTENTS: readonly [string, Content][] = [
  ["UDP", UDP],
  ["UDP, an odd number of octets", { ...UDP, data: 7 }],
  ["TCP", { protocol: "tcp", sourcePort: 1, destinationPort: 2, flags: "SA", sequence: 4_000_000_000 }],
];

for (const [name, content] of CONTENTS) {
  test(`${name}: checksums are right unless asked otherwise`, () => {
    const good = makePacket({ ...ENDS, content });
    assert.equal(internetChecksum(good.subarray(0, 20)), 0);
    assert.equal(transportSum(good), 0);
    assert.notEqual(internetChecksum(makePacket({ ...ENDS, content, wrongChecksum: "ip" }).subarray(0, 20)), 0);
    assert.notEqual(transportSum(makePacket({ ...ENDS, content, wrongChecksum: "transport" })), 0);
  });
}

test("ICMP's checksum covers only ICMP", () => {
  const packet = makePacket({ ...ENDS, content: { protocol: "icmp", type: 3, code: 4, rest: [0, 1400], data: 28 } });
  assert.equal(internetChecksum(packet.subarray(20)), 0);
  assert.deepEqual([...packet.subarray(20, 22), packet.readUInt16BE(26)], [3, 4, 1400]);
});

const FLAGS: readonly [string, number][] = [
  ["S", 0x02],
  ["SA", 0x12],
  ["R", 0x04],
  ["PAF", 0x19],
];

for (const [flags, bits] of FLAGS) {
  test(`TCP flags ${flags}`, () => {
    const packet = makePacket({ ...ENDS, content: { protocol: "tcp", sourcePort: 1, destinationPort: 2, flags } });
    assert.equal(packet[33], bits);
  });
}

test("fragments are parts of one packet", () => {
  const fields: PacketFields = { ...ENDS, identification: 77, content: { ...UDP, data: 100 } };
  const whole = makePacket(fields);
  const first = makePacket({ ...fields, fragment: { offset: 0, length: 64 } });
  const second = makePacket({ ...fields, fragment: { offset: 64, length: 44 } });
  assert.deepEqual(Buffer.concat([first.subarray(20), second.subarray(20)]), whole.subarray(20));
  assert.deepEqual(
    [first, second].map((part) => [part.readUInt16BE(2), part.readUInt16BE(4), part.readUInt16BE(6)]),
    [
      [84, 77, 0x2000],
      [64, 77, 8],
    ],
  );
  assert.equal(makePacket({ ...fields, dontFragment: true }).readUInt16BE(6), 0x4000);
});
