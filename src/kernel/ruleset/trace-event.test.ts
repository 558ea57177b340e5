import assert from "node:assert/strict";
import { test } from "node:test";
import { AttributeCursor, MessageCursor } from "../netlink/cursor.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import type { NetlinkMessage } from "../netlink/message.ts";
import { decodeTraceEvent, type TraceEvent } from "./trace-event.ts";

function decode(message: NetlinkMessage): TraceEvent | undefined {
  const bytes = message.finish(1);
  const cursor = new MessageCursor(bytes).reset(bytes.length);
  assert.ok(cursor.next());
  return decodeTraceEvent(cursor, new AttributeCursor(bytes));
}

function event(family: number): NetlinkMessage {
  return nfnetlinkMessage(10, 17, family)
    .attribute(6, (value) => value.u32be(0x3681e3d2))
    .text(1, "filter")
    .text(2, "FORWARD");
}

function handle(message: NetlinkMessage, number: number): NetlinkMessage {
  return message.attribute(3, (value) => value.u32be(0).u32be(number)).attribute(4, (value) => value.u32be(3));
}

function verdict(message: NetlinkMessage, code: number, chain?: string): NetlinkMessage {
  return message.nested(5, (inner) => {
    inner.attribute(1, (value) => value.u32be(code >>> 0));
    if (chain !== undefined) inner.text(2, chain);
  });
}

const BASE = { id: 0x3681e3d2, table: "filter", chain: "FORWARD" } as const;
/** 198.51.100.80:7 > 203.0.113.13:40000, TCP with SYN and ACK. */
const IP = Buffer.from("450000300001400040060000c6336450cb00710d", "hex");
const TCP = Buffer.from("00079c4000000001000000025012faf000000000", "hex");

const CASES: readonly (readonly [name: string, message: () => NetlinkMessage, event: TraceEvent])[] = [
  [
    "a rule that jumps",
    () => verdict(handle(event(2), 7), -3, "DOCKER-USER"),
    { ...BASE, kind: "rule", family: "ip", handle: 7, verdict: "jump", target: "DOCKER-USER" },
  ],
  [
    "a rule that drops, with headers and interfaces",
    () =>
      verdict(handle(event(1), 9), 0)
        .attribute(8, (value) => value.bytes(IP))
        .attribute(9, (value) => value.bytes(TCP))
        .attribute(10, (value) => value.u32be(3))
        .attribute(12, (value) => value.u32be(2)),
    {
      ...BASE,
      kind: "rule",
      family: "inet",
      handle: 9,
      verdict: "drop",
      incoming: 3,
      outgoing: 2,
      headers: {
        protocol: 6,
        source: "198.51.100.80",
        destination: "203.0.113.13",
        sourcePort: 7,
        destinationPort: 40_000,
        ttl: 64,
        length: 48,
        tcpFlags: ["syn", "ack"],
      },
    },
  ],
  [
    "a queue, whose number is in the same word",
    () => verdict(handle(event(2), 3), 0x0005_0003),
    { ...BASE, kind: "rule", family: "ip", handle: 3, verdict: "queue" },
  ],
  [
    "a policy",
    () =>
      event(2)
        .attribute(4, (value) => value.u32be(1))
        .attribute(16, (value) => value.u32be(0)),
    { ...BASE, kind: "policy", family: "ip", verdict: "drop" },
  ],
];

for (const [name, message, expected] of CASES) {
  test(`reads ${name}`, () => assert.deepEqual(decode(message()), expected));
}

test("what is no trace, or lacks its names, is none", () => {
  assert.equal(decode(nfnetlinkMessage(10, 6, 2).text(1, "filter")), undefined);
  assert.equal(decode(nfnetlinkMessage(10, 17, 2).text(1, "filter")), undefined);
});

test("headers cut short are left out", () => {
  const cut = handle(event(2), 1).attribute(8, (value) => value.bytes(IP.subarray(0, 19)));
  assert.equal(decode(cut)?.headers, undefined);
  const short = handle(event(2), 1)
    .attribute(8, (value) => value.bytes(IP))
    .attribute(9, (value) => value.bytes(TCP.subarray(0, 3)));
  assert.deepEqual(decode(short)?.headers, {
    protocol: 6,
    source: "198.51.100.80",
    destination: "203.0.113.13",
    ttl: 64,
    length: 48,
  });
});
