import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { internetChecksum, transportBytes } from "../../../test/fixtures/internet-checksum.ts";
import { collect, respond } from "./answer.ts";
import { createConnectionSet } from "./connection.ts";
import { FRAME_LENGTH, IPPROTO_TCP, IPPROTO_UDP, TCP_FRAME_LENGTH, writeFrame, type Protocol } from "./frame.ts";

const ENDS = { own: Uint8Array.of(2, 0, 0, 0, 0, 1), gateway: Uint8Array.of(2, 0, 0, 0, 0, 2) };

const SET = createConnectionSet({
  connections: 4096,
  subscribers: [{ first: 0x0a000000, last: 0x0a0000ff }],
  destinations: { address: 0xc6120000, length: 15 },
  seed: 1,
});

function frameOf(index: number, protocol: Protocol): Buffer {
  // What a recycled page may hold.
  const frame = Buffer.alloc(FRAME_LENGTH, 0xa5);
  writeFrame(frame, SET, index, protocol, ENDS);
  return frame;
}

/** What a gateway does on the way out: another source address and port, one hop less, checksums made anew. */
function translate(frame: Buffer, address: number, port: number): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32BE(address, 26);
  copy.writeUInt16BE(port, 34);
  return rewriteChecksums(copy);
}

function rewriteChecksums(frame: Buffer): Buffer {
  frame.writeUInt16BE(0, 24);
  frame.writeUInt16BE(internetChecksum(frame.subarray(14, 34)), 24);
  const at = frame.readUInt8(23) === IPPROTO_TCP ? 50 : 40;
  frame.writeUInt16BE(0, at);
  frame.writeUInt16BE(internetChecksum(transportBytes(frame)), at);
  return frame;
}

function assertChecksums(frame: Buffer): void {
  // A correct checksum makes the sum over everything, itself included, all ones.
  assert.equal(internetChecksum(frame.subarray(14, 34)), 0, "IP checksum");
  assert.equal(internetChecksum(transportBytes(frame)), 0, "transport checksum");
}

const PUBLIC_ADDRESS = 0x3d8ab103;
const anyIndex = fc.nat({ max: SET.connections - 1 });
const anyPort = fc.integer({ min: 1, max: 65535 });

function turned(frame: Buffer): { macs: string; ip: string; ports: string } {
  return {
    macs: frame.toString("hex", 0, 12),
    ip: frame.toString("hex", 26, 34),
    ports: frame.toString("hex", 34, 38),
  };
}

function tcpFields(frame: Buffer): { sequence: number; acknowledgment: number; flags: number } {
  return {
    sequence: frame.readUInt32BE(38),
    acknowledgment: frame.readUInt32BE(42),
    flags: frame.readUInt8(47),
  };
}

describe("writeFrame", () => {
  const frames: readonly [string, Protocol, string][] = [
    [
      "a UDP datagram",
      IPPROTO_UDP,
      `020000000002 020000000001 0800
       4500002e 00004000 40113eb7 0a000005 c6122bf1
       061f0e82 001a6069 4d4e4154 00000005 00000000000000000000`,
    ],
    [
      "a TCP SYN",
      IPPROTO_TCP,
      `020000000002 020000000001 0800
       45000028 00004000 40063ec8 0a000005 c6122bf1
       061f0e82 8045e697 00000000 5002faf0 3d6b0000 000000000000`,
    ],
  ];
  for (const [name, protocol, bytes] of frames) {
    test(`writes ${name}, every byte of it`, () => {
      assert.equal(frameOf(5, protocol).toString("hex"), bytes.replaceAll(/\s/g, ""));
    });
  }

  test("writes right checksums, whatever the connection", () => {
    fc.assert(
      fc.property(anyIndex, fc.constantFrom<Protocol>(IPPROTO_TCP, IPPROTO_UDP), (index, protocol) => {
        assertChecksums(frameOf(index, protocol));
      }),
    );
  });
});

describe("a UDP connection", () => {
  test("is counted outside, reflected, and known again inside", () => {
    fc.assert(
      fc.property(anyIndex, anyPort, (index, port) => {
        const asked = frameOf(index, IPPROTO_UDP);
        const outside = translate(asked, PUBLIC_ADDRESS, port);
        const before = Buffer.from(outside);
        assert.deepEqual(respond(outside, SET, IPPROTO_UDP), {
          kind: "delivered",
          index,
          publicAddress: PUBLIC_ADDRESS,
          publicPort: port,
          reply: true,
        });
        assertChecksums(outside);
        assert.deepEqual(turned(outside), {
          macs: before.toString("hex", 6, 12) + before.toString("hex", 0, 6),
          ip: before.toString("hex", 30, 34) + before.toString("hex", 26, 30),
          ports: before.toString("hex", 36, 38) + before.toString("hex", 34, 36),
        });
        // The gateway puts the subscriber's address and port back.
        outside.writeUInt32BE(asked.readUInt32BE(26), 30);
        outside.writeUInt16BE(asked.readUInt16BE(34), 36);
        const inside = rewriteChecksums(outside);
        assert.deepEqual(collect(inside, SET, IPPROTO_UDP), { kind: "answered", index, reply: false });
      }),
    );
  });

  test("is a stray if the answer reaches another port", () => {
    const frame = frameOf(7, IPPROTO_UDP);
    respond(frame, SET, IPPROTO_UDP);
    frame.writeUInt16BE(frame.readUInt16BE(36) ^ 1, 36);
    assert.deepEqual(collect(frame, SET, IPPROTO_UDP), { kind: "stray" });
  });
});

describe("a TCP connection", () => {
  test("goes through the whole handshake", () => {
    fc.assert(
      fc.property(anyIndex, anyPort, (index, port) => {
        const asked = frameOf(index, IPPROTO_TCP);
        const client = tcpFields(asked).sequence;
        // The gateway's IP layer cuts the padding off.
        const frame = translate(asked, PUBLIC_ADDRESS, port).subarray(0, TCP_FRAME_LENGTH);
        assert.equal(respond(frame, SET, IPPROTO_TCP).kind, "delivered");
        assertChecksums(frame);
        const server = tcpFields(frame).sequence;
        assert.deepEqual(tcpFields(frame), { sequence: server, acknowledgment: (client + 1) >>> 0, flags: 0x12 });

        frame.writeUInt32BE(asked.readUInt32BE(26), 30);
        frame.writeUInt16BE(asked.readUInt16BE(34), 36);
        rewriteChecksums(frame);
        assert.deepEqual(collect(frame, SET, IPPROTO_TCP), { kind: "answered", index, reply: true });
        assertChecksums(frame);
        assert.deepEqual(tcpFields(frame), {
          sequence: (client + 1) >>> 0,
          acknowledgment: (server + 1) >>> 0,
          flags: 0x10,
        });
        assert.deepEqual(turned(frame), turned(asked));

        assert.deepEqual(respond(frame, SET, IPPROTO_TCP), { kind: "acknowledged", index, reply: false });
      }),
    );
  });
});

describe("what is not the generator's is left alone", () => {
  const changes: readonly [string, Protocol, (frame: Buffer) => Buffer | void][] = [
    ["shorter than a frame of ours", IPPROTO_UDP, (frame) => frame.subarray(0, 59)],
    ["not IPv4 by its type", IPPROTO_UDP, (frame) => void frame.writeUInt16BE(0x0806, 12)],
    ["IP options", IPPROTO_UDP, (frame) => void frame.writeUInt8(0x46, 14)],
    ["another protocol", IPPROTO_UDP, (frame) => void frame.writeUInt8(IPPROTO_TCP, 23)],
    ["a fragment", IPPROTO_UDP, (frame) => void frame.writeUInt16BE(0x2000, 20)],
    ["a destination beyond the prefix", IPPROTO_UDP, (frame) => void frame.writeUInt32BE(0xc6140000, 30)],
    [
      "another destination than the number's",
      IPPROTO_UDP,
      (frame) => void frame.writeUInt8(frame.readUInt8(33) ^ 1, 33),
    ],
    ["another destination port", IPPROTO_UDP, (frame) => void frame.writeUInt16BE(frame.readUInt16BE(36) ^ 1, 36)],
    ["another length", IPPROTO_UDP, (frame) => void frame.writeUInt16BE(27, 38)],
    ["another payload", IPPROTO_UDP, (frame) => void frame.writeUInt8(0, 42)],
    ["a number beyond the set", IPPROTO_UDP, (frame) => void frame.writeUInt32BE(SET.connections, 46)],
    ["TCP data", IPPROTO_TCP, (frame) => void frame.writeUInt16BE(44, 16)],
    ["TCP options", IPPROTO_TCP, (frame) => void frame.writeUInt8(6 << 4, 46)],
    ["a reset", IPPROTO_TCP, (frame) => void frame.writeUInt8(0x04, 47)],
    ["another sequence number", IPPROTO_TCP, (frame) => void frame.writeUInt32BE(1, 38)],
    ["an ACK of something else", IPPROTO_TCP, (frame) => void frame.writeUInt8(0x10, 47)],
  ];
  for (const [name, protocol, change] of changes) {
    test(name, () => {
      const original = frameOf(9, protocol);
      const frame = change(original) ?? original;
      const before = Buffer.from(frame);
      assert.deepEqual(respond(frame, SET, protocol), { kind: "not-ours" });
      assert.deepEqual(frame, before);
    });
  }
});
