import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "../../kernel/conntrack/connection.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import { reversed, tupleText } from "./packet.ts";
import { readSample } from "./sample.ts";

function udp(source: string, sourcePort: number, destination: string, destinationPort: number): Tuple {
  return { source, destination, protocol: 17, sourcePort, destinationPort };
}

const ORIGINAL = udp("10.64.0.1", 4000, "198.51.100.9", 53);
const REPLY = udp("198.51.100.9", 53, "61.138.177.9", 2001);
const CONNECTION: Connection = {
  family: 2,
  id: 1,
  original: ORIGINAL,
  reply: REPLY,
  status: 0,
  timeout: 30,
  zone: 0,
  mark: 0,
};

function header(tuple: Tuple): Buffer {
  const bytes = Buffer.alloc(28);
  bytes[0] = 0x45;
  bytes[9] = 17;
  bytes.set(tuple.source.split(".").map(Number), 12);
  bytes.set(tuple.destination.split(".").map(Number), 16);
  bytes.writeUInt16BE(tuple.sourcePort, 20);
  bytes.writeUInt16BE(tuple.destinationPort, 22);
  return bytes;
}

/** As the kernel does: a connection is found by either of its tuples. */
function lookup(_namespace: number, tuple: Tuple): Connection | undefined {
  return [ORIGINAL, REPLY].some((known) => tupleText(known) === tupleText(tuple)) ? CONNECTION : undefined;
}

const OUT = ["UDP 10.64.0.1:4000 > 198.51.100.9:53", "UDP 61.138.177.9:2001 > 198.51.100.9:53"];
const BACK = ["UDP 198.51.100.9:53 > 61.138.177.9:2001", "UDP 198.51.100.9:53 > 10.64.0.1:4000"];

const cases: readonly (readonly [name: string, packet: Tuple, translation: readonly string[] | undefined])[] = [
  ["on its way out, not yet translated", ORIGINAL, OUT],
  ["on its way out, translated", reversed(REPLY), OUT],
  ["an answer, not yet translated back", REPLY, BACK],
  ["an answer, translated back", reversed(ORIGINAL), BACK],
  ["of no connection", udp("10.64.0.9", 1, "198.51.100.9", 53), undefined],
];

for (const [name, packet, translation] of cases) {
  void test(`before and after translation: a packet ${name}`, () => {
    const names = { reason: () => "NETFILTER_DROP", location: () => "nft_do_chain" };
    const cause = { reason: 12, location: 1n, namespace: 7, interface: 2, protocol: 0x0800, transport: 17 };
    const sample = { ...cause, time: 0n, length: 46, bytes: header(packet) };
    const read = readSample(sample, names, lookup);
    assert.deepEqual(read.tuple, packet);
    assert.equal(read.cause, "rule");
    const found = read.translation;
    assert.deepEqual(found === undefined ? undefined : [tupleText(found.before), tupleText(found.after)], translation);
  });
}
