import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { XDP_DROP, XDP_PASS, XDP_REDIRECT, type BpfProgram } from "../../src/kernel/bpf/program.ts";
import type { BpfObject } from "../../src/kernel/bpf/object.ts";
import { collect, respond, type Answer } from "../../src/lab/generator/answer.ts";
import { createConnectionSet, type ConnectionSetOptions } from "../../src/lab/generator/connection.ts";
import type { EngineSetup } from "../../src/lab/generator/engine.ts";
import { FRAME_LENGTH, IPPROTO_TCP, IPPROTO_UDP, writeFrame, type Protocol } from "../../src/lab/generator/frame.ts";
import { loadGenerator } from "../../src/lab/generator/xdp-engine.ts";
import { internetChecksum, transportBytes } from "../fixtures/internet-checksum.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";

const skip = withoutEbpf();

const ENDS = { own: Uint8Array.of(2, 0, 0, 0, 0, 1), gateway: Uint8Array.of(2, 0, 0, 0, 0, 2) };
const FRAMES = 400;

const DEFAULTS: ConnectionSetOptions = {
  connections: 1_000_000,
  subscribers: [{ first: 0x0a000000, last: 0x0a0027ff }],
  destinations: { address: 0xc6120000, length: 15 },
  seed: 1,
};

const SETS: readonly [string, ConnectionSetOptions][] = [
  ["the defaults", DEFAULTS],
  [
    "one subscriber, one destination, nearly all their connections",
    {
      connections: 64512 * 49151,
      subscribers: [{ first: 0xffffffff, last: 0xffffffff }],
      destinations: { address: 0x01020304, length: 32 },
      seed: 2 ** 53 - 1,
    },
  ],
  [
    "subscribers in two ranges, a wide prefix",
    {
      connections: 2 ** 32 - 1,
      subscribers: [
        { first: 0x0a000000, last: 0x0a000006 },
        { first: 0xc0a80001, last: 0xc0a80003 },
      ],
      destinations: { address: 0x40000000, length: 2 },
      seed: 0xdeadbeef12,
    },
  ],
];

/** What the C program returns for what the TypeScript twin says. */
function verdictOf(answer: Answer): number {
  if (answer.kind === "not-ours" || answer.kind === "stray") return XDP_PASS;
  return answer.reply ? XDP_REDIRECT : XDP_DROP;
}

/** Runs both twins on the frame, wants the same verdict and bytes, and gives the frame as it is then. */
function compare(program: BpfProgram, twin: typeof respond, frame: Buffer, setup: EngineSetup): Buffer {
  const expected = Buffer.from(frame);
  const answer = twin(expected, setup.set, setup.protocol);
  const actual = program.testRun(frame);
  assert.deepEqual([actual.verdict, actual.frame.toString("hex")], [verdictOf(answer), expected.toString("hex")]);
  return expected;
}

function assertChecksums(frame: Buffer): void {
  assert.equal(internetChecksum(frame.subarray(14, 34)), 0, "IP checksum");
  assert.equal(internetChecksum(transportBytes(frame)), 0, "transport checksum");
}

for (const [name, options] of SETS) {
  for (const protocol of [IPPROTO_UDP, IPPROTO_TCP] as const) {
    describe(
      `the C programs do what TypeScript does, ${protocol === IPPROTO_TCP ? "TCP" : "UDP"}: ${name}`,
      { skip },
      () => {
        const setup: EngineSetup = {
          set: createConnectionSet(options),
          protocol,
          inside: { namespace: undefined, interface: "lo", index: 1 },
          outside: { namespace: undefined, interface: "lo" },
          ends: ENDS,
          record: true,
        };
        let object: BpfObject;
        before(() => {
          // A bit for each of 2^32 connections would be 1.5 GB; the numbers tested lie below.
          const few = { ...setup, set: { ...setup.set, connections: Math.min(setup.set.connections, 1 << 24) } };
          object = loadGenerator(few);
        });
        after(() => object.close());

        function generateAt(index: number): Buffer {
          object.map("rounds").updateAt(0, new Uint8Array(BigUint64Array.of(BigInt(index), 0n).buffer));
          const { verdict, frame } = object.program("generate").testRun(new Uint8Array(FRAME_LENGTH).fill(0xa5));
          assert.equal(verdict, XDP_REDIRECT);
          return Buffer.from(frame);
        }

        const last = Math.min(setup.set.connections, 1 << 24) - 1;
        const indices = Array.from({ length: FRAMES }, (_, i) => Math.floor((i / (FRAMES - 1)) * last));

        test("generate", () => {
          for (const index of indices) {
            const expected = Buffer.alloc(FRAME_LENGTH);
            writeFrame(expected, setup.set, index, protocol, ENDS);
            const actual = generateAt(index);
            assert.equal(actual.toString("hex"), expected.toString("hex"), `connection ${index}`);
            assertChecksums(actual);
          }
        });

        test("respond and collect, through the whole exchange", () => {
          for (const index of indices) {
            const asked = generateAt(index);
            const answered = compare(object.program("respond"), respond, asked, setup);
            assertChecksums(answered);
            const collected = compare(object.program("collect"), collect, answered, setup);
            assertChecksums(collected);
            if (protocol === IPPROTO_TCP) compare(object.program("respond"), respond, collected, setup);
          }
        });

        test("frames with one bit wrong", () => {
          const asked = generateAt(3);
          for (let bit = 12 * 8; bit < FRAME_LENGTH * 8; bit++) {
            const frame = Buffer.from(asked);
            frame.writeUInt8(frame.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
            const answered = compare(object.program("respond"), respond, frame, setup);
            compare(object.program("collect"), collect, answered, setup);
          }
        });

        test("frames cut short", () => {
          const asked = generateAt(3);
          for (let length = 14; length < FRAME_LENGTH; length++) {
            compare(object.program("respond"), respond, asked.subarray(0, length), setup);
          }
        });
      },
    );
  }
}

/** Runs something with fresh programs for ten connections; gives what was counted then. */
function countersAfter(protocol: Protocol, run: (object: BpfObject) => void): number[] {
  const object = loadGenerator({
    set: createConnectionSet({ ...DEFAULTS, connections: 10 }),
    protocol,
    inside: { namespace: undefined, interface: "lo", index: 1 },
    outside: { namespace: undefined, interface: "lo" },
    ends: ENDS,
    record: true,
  });
  try {
    run(object);
    return Array.from({ length: 6 }, (_, counter) => object.map("counters").sumAt(counter));
  } finally {
    object.close();
  }
}

describe("the counters", { skip }, () => {
  test("count a connection once, however often its packets come", () => {
    const counters = countersAfter(IPPROTO_UDP, (object) => {
      const { frame } = object.program("generate").testRun(new Uint8Array(FRAME_LENGTH));
      for (let time = 0; time < 3; time++) {
        const reflected = object.program("respond").testRun(frame).frame;
        object.program("collect").testRun(reflected);
      }
    });
    assert.deepEqual(counters, [1, 1, 1, 0, 0, 0]);
  });

  test("tell a public address that changes, and an answer to the wrong place", () => {
    const counters = countersAfter(IPPROTO_UDP, (object) => {
      const { frame } = object.program("generate").testRun(new Uint8Array(FRAME_LENGTH));
      const moved = Buffer.from(frame);
      moved.writeUInt32BE(0x3d8ab104, 26);
      object.program("respond").testRun(frame);
      const reflected = object.program("respond").testRun(moved).frame;
      object.program("collect").testRun(reflected);
    });
    assert.deepEqual(counters, [1, 1, 0, 0, 1, 1]);
  });

  test("leave complete connections out of a later round", () => {
    const counters = countersAfter(IPPROTO_TCP, (object) => {
      const {
        generate,
        respond: outside,
        collect: inside,
      } = {
        generate: object.program("generate"),
        respond: object.program("respond"),
        collect: object.program("collect"),
      };
      const syn = generate.testRun(new Uint8Array(FRAME_LENGTH)).frame;
      outside.testRun(inside.testRun(outside.testRun(syn).frame).frame);
      object.map("rounds").updateAt(0, new Uint8Array(BigUint64Array.of(0n, 1n).buffer));
      assert.equal(generate.testRun(new Uint8Array(FRAME_LENGTH)).verdict, XDP_DROP);
      assert.equal(generate.testRun(new Uint8Array(FRAME_LENGTH)).verdict, XDP_REDIRECT);
    });
    assert.deepEqual(counters, [2, 1, 1, 1, 0, 0]);
  });
});
