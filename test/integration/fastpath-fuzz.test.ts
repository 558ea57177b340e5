import assert from "node:assert/strict";
import { constants } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { linkName, pinDirectory } from "../../src/fastpath/pins.ts";
import type { Path } from "../../src/fastpath/record.ts";
import { openPinnedLinkProgram } from "../../src/kernel/bpf/pin.ts";
import {
  TC_ACT_REDIRECT,
  TC_ACT_UNSPEC,
  XDP_PASS,
  XDP_REDIRECT,
  type BpfProgram,
  type TestRunResult,
} from "../../src/kernel/bpf/program.ts";
import { KernelError } from "../../src/kernel/error.ts";
import { inNamespace } from "../../src/kernel/namespace.ts";
import { HOST_LITTLE_ENDIAN } from "../../src/kernel/netlink/header.ts";
import { listLinks } from "../../src/kernel/route/link.ts";
import { Conversation, everyKind } from "../fixtures/fast-path/conversation.ts";
import { checksumPlaces, checksumSums, expectedFrame, keyOf, type Known } from "../fixtures/fast-path/expectation.ts";
import { mutate, Random } from "../fixtures/fast-path/mutate.ts";
import { addressOctets, UDP, writePacket } from "../fixtures/fast-path/packet.ts";
import { openWire, type End, type Wire } from "../fixtures/fast-path/wire.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

/** Packets for each of the two programs: MEGANAT_FUZZ_PACKETS=1000000 for as many in all. */
const PACKETS = Number(process.env.MEGANAT_FUZZ_PACKETS ?? 20_000) / 2;
/** Repeats a run: MEGANAT_FUZZ_SEED, from its message. */
const SEED = Number(process.env.MEGANAT_FUZZ_SEED ?? Date.now() & 0x7fffffff);
const OUTPUT = Buffer.alloc(4096);
const MTU = 1500;
/** Frames without a whole IP header: newer kernels run programs on none. */
const SHORTEST = 14 + 40;

for (const path of ["xdp", "tc"] as const) {
  test(
    `no mutated packet is changed but those of known connections, and none wrongly: ${path}`,
    NEEDS_ROOT,
    async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout_stream=36000");
      // Nothing is asked of the kernel again meanwhile.
      wire.turnOn(path, { fresh: 600, longest: 3600 });
      const conversations = await Conversation.openAll(Object.values(everyKind(wire)));
      // A small change to one packet then may make it one of another connection, remembered or not.
      for (const conversation of conversations) {
        await conversation.callAndArrive();
        await conversation.answerAndArrive();
      }
      for (const at of ["lan", "wan"] as const) {
        const opened = openProgram(wire, path, at);
        t.after(() => opened.close());
        // Everything synchronous from here on: the index in a context is one of the namespace the thread is in.
        inNamespace(wire.gateway, () => fuzz(t, { wire, path, at, program: opened.program, conversations }));
      }
    },
  );
}

interface Target {
  readonly wire: Wire;
  readonly path: Path;
  readonly at: "lan" | "wan";
  readonly program: BpfProgram;
  readonly conversations: readonly Conversation[];
}

function fuzz(t: TestContext, { wire, path, at, program, conversations }: Target): void {
  const random = new Random(SEED);
  const end = at === "lan" ? wire.inside : wire.outside;
  const { known, frames } = arriving(end, conversations);
  const index = indexOf(wire, at);
  let changed = 0;
  const began = process.hrtime.bigint();
  for (let count = 0; count < PACKETS / 2; count++) {
    const frame = mutate(frames[random.below(frames.length)] ?? assert.fail(), random);
    const ran = runOn(program, frame, contextOf(path, index, frame.length));
    if (ran === undefined) continue;
    const { verdict, frame: after } = ran;
    const expected = expectedFrame(frame, end.gatewayMac, known, MTU);
    const words = `seed ${SEED}, packet ${count} at ${at}: ${frame.toString("hex")} became ${after.toString("hex")}`;
    if (expected === undefined) {
      assert.ok(after.equals(frame), words);
      assert.equal(verdict, path === "xdp" ? XDP_PASS : TC_ACT_UNSPEC, words);
      continue;
    }
    assert.equal(verdict, path === "xdp" ? XDP_REDIRECT : TC_ACT_REDIRECT, words);
    changed += 1;
    const places = checksumPlaces(frame);
    for (const place of places) expected.frame.writeUInt16BE(after.readUInt16BE(place), place);
    assert.ok(after.equals(expected.frame), `${words}, not ${expected.frame.toString("hex")}`);
    checkSums(frame, after, words);
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  assert.ok(changed > PACKETS / 100, `only ${changed} packets were of known connections`);
  t.diagnostic(
    `${at}: ${PACKETS / 2} packets in ${seconds.toFixed(1)} s (${Math.round(PACKETS / 2 / seconds)}/s), ` +
      `${changed} of known connections`,
  );
}

/** Undefined if the kernel itself refuses a test run with so short a frame. */
function runOn(program: BpfProgram, frame: Buffer, context: Uint8Array): TestRunResult | undefined {
  try {
    return program.testRunInto(frame, OUTPUT, context);
  } catch (error) {
    const refused = error instanceof KernelError && error.errno === constants.errno.EINVAL;
    if (refused && frame.length < SHORTEST) return undefined;
    throw error;
  }
}

/** What was right is right; what was wrong is as wrong as before, for the receiver to see; no UDP checksum stays none. */
function checkSums(before: Buffer, after: Buffer, words: string): void {
  const [was, is] = [checksumSums(before), checksumSums(after)];
  assert.equal(is.header, was.header, `IPv4 checksum: ${words}`);
  const place = checksumPlaces(before).at(-1) ?? 0;
  const isUdp = before.readUInt8(before.readUInt16BE(12) === 0x0800 ? 23 : 20) === UDP;
  if (isUdp && before.readUInt16BE(place) === 0) {
    assert.equal(after.readUInt16BE(place), 0, `a checksum where there was none: ${words}`);
    return;
  }
  if (isUdp) assert.notEqual(after.readUInt16BE(place), 0, `a checksum became none: ${words}`);
  // Where the IP header claims that the packet ends before its checksum there is nothing to be right or wrong.
  if (is.end >= place + 2) assert.equal(is.transport, was.transport, `transport checksum: ${words}`);
}

/** Packets of the conversations as they come in at one side, and what must become of each. */
function arriving(end: End, conversations: readonly Conversation[]): { known: Map<string, Known>; frames: Buffer[] } {
  const known = new Map<string, Known>();
  const frames: Buffer[] = [];
  for (const { ends, seen } of conversations) {
    const call = ends;
    const answer = {
      source: seen.destination,
      sourcePort: seen.destinationPort,
      destination: seen.source,
      destinationPort: seen.sourcePort,
    };
    const answered = {
      source: call.destination,
      sourcePort: call.destinationPort,
      destination: call.source,
      destinationPort: call.sourcePort,
    };
    for (const [from, to, before, after] of [
      [ends.caller, ends.callee, call, seen],
      [ends.callee, ends.caller, answer, answered],
    ] as const) {
      if (from !== end) continue;
      const version = before.source.includes(":") ? 6 : 4;
      const key = keyOf(version, ends.protocol, addresses(before), ports(before));
      known.set(key, {
        key,
        addresses: addresses(after),
        ports: ports(after),
        toMac: to.mac,
        fromMac: to.gatewayMac,
      });
      for (const length of [0, 1, 2, 17, 18, 100, 333, 1400]) {
        const payload = Buffer.alloc(length, length);
        frames.push(
          writePacket({
            ...before,
            protocol: ends.protocol,
            payload,
            toMac: end.gatewayMac,
            fromMac: end.mac,
            ...(ends.withoutChecksum === undefined ? {} : { withoutChecksum: ends.withoutChecksum }),
          }),
        );
      }
    }
  }
  assert.ok(frames.length > 0);
  return { known, frames };
}

type Tuple = Conversation["seen"];

function addresses({ source, destination }: Tuple): Buffer {
  return Buffer.concat([addressOctets(source), addressOctets(destination)]);
}

function ports({ sourcePort, destinationPort }: Tuple): Buffer {
  return Buffer.from([sourcePort >> 8, sourcePort & 255, destinationPort >> 8, destinationPort & 255]);
}

function openProgram(wire: Wire, path: Path, at: "lan" | "wan"): ReturnType<typeof openPinnedLinkProgram> {
  const directory = pinDirectory(wire.gateway) ?? assert.fail();
  return openPinnedLinkProgram(join(directory, linkName(path === "xdp" ? "xdp" : "ingress", indexOf(wire, at))));
}

function indexOf(wire: Wire, at: "lan" | "wan"): number {
  return listLinks(wire.gateway).find(({ name }) => name === at)?.index ?? assert.fail();
}

/** struct xdp_md or struct __sk_buff of linux/bpf.h, with what a test run may say: where the packet came in. */
function contextOf(path: Path, index: number, length: number): Uint8Array {
  if (path === "xdp") return words({ 1: length, 3: index }, 6);
  return words({ 9: index, 10: index }, 48);
}

function words(values: Readonly<Record<number, number>>, count: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(count * 4));
  for (const [at, value] of Object.entries(values)) bytes.setUint32(Number(at) * 4, value, HOST_LITTLE_ENDIAN);
  return new Uint8Array(bytes.buffer);
}
