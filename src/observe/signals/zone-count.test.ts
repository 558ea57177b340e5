import assert from "node:assert/strict";
import { test } from "node:test";
import { CTA_STATUS, CTA_ZONE } from "../../kernel/conntrack/attributes.ts";
import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import { entryBytes, u32 } from "../../../test/fixtures/connection-entries.ts";
import { ZoneCount } from "./zone-count.ts";

const SNAT = 0x10;
const SEEN_REPLY = 2;
const asked: Tuple = {
  source: "10.0.0.1",
  destination: "9.9.9.9",
  protocol: 17,
  sourcePort: 5000,
  destinationPort: 53,
};
const answered: Tuple = {
  source: "9.9.9.9",
  destination: "61.1.1.1",
  protocol: 17,
  sourcePort: 53,
  destinationPort: 6000,
};
const turned = ({ source, destination, sourcePort, destinationPort, protocol }: Tuple): Tuple => ({
  source: destination,
  destination: source,
  protocol,
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});

function entryOf(zone: number, original: Tuple, reply: Tuple, status: number): ConnectionEntry {
  const body = entryBytes(original, reply, (message) => {
    u32(CTA_STATUS, status)(message);
    if (zone !== 0) message.attribute(CTA_ZONE, (value) => value.u16be(zone));
  });
  const bytes = Buffer.alloc(body.length + 4);
  bytes.set(body, 4);
  const entry = new ConnectionEntry(bytes);
  assert.ok(entry.scan(4, bytes.length));
  return entry;
}

function countOf(entries: readonly ConnectionEntry[]): ZoneCount {
  const count = new ZoneCount(0);
  for (const entry of entries) count.add(entry);
  for (const entry of entries) count.attribute(entry);
  return count;
}

test("an answer that made an entry of its own in another zone is found", () => {
  const count = countOf([entryOf(5, asked, answered, SNAT), entryOf(0, answered, turned(answered), 0)]);
  assert.ok(count.several);
  assert.deepEqual(count.zones, [
    { key: "5", count: 1, unreplied: 1 },
    { key: "0", count: 1, unreplied: 1 },
  ]);
  assert.deepEqual(
    count.strayAnswers.map(({ flow, answer }) => [flow.zone, flow.original.source, answer.zone]),
    [[5, "10.0.0.1", 0]],
  );
});

test("answers in their own zone, other ports, and answered connections are none", () => {
  const other: Tuple = { ...answered, destinationPort: 6001 };
  const cases: readonly (readonly ConnectionEntry[])[] = [
    [entryOf(5, asked, answered, SNAT | SEEN_REPLY), entryOf(0, answered, turned(answered), 0)],
    [entryOf(5, asked, answered, SNAT), entryOf(0, other, turned(other), 0)],
    [entryOf(5, asked, answered, SNAT), entryOf(5, answered, turned(answered), 0)],
  ];
  for (const entries of cases) assert.deepEqual(countOf(entries).strayAnswers, []);
  assert.equal(countOf([entryOf(0, asked, answered, SNAT)]).several, false);
});
