import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseIpv4 } from "../../address/ipv4.ts";
import { CTA_ID, CTA_STATUS } from "../../kernel/conntrack/attributes.ts";
import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { entryBytes, u32 } from "../../../test/fixtures/connection-entries.ts";
import type { PortSupply } from "../flows/port-use.ts";
import { Survey, type SubscriberQuestion } from "./survey.ts";

const SNAT = 0x10;
const DNAT = 0x20;
const ALL: SubscriberQuestion = { order: "connections", filter: "", rows: 10 };

/** A connection of a subscriber to 9.9.9.9:443, as 61.1.1.1. */
function entryOf(id: number, from: string, port = 5000, status = SNAT): ConnectionEntry {
  const [source, destination] = status === DNAT ? ["9.9.9.9", "61.1.1.1"] : [from, "9.9.9.9"];
  const inside = status === DNAT ? from : "9.9.9.9";
  const outside = status === SNAT ? "61.1.1.1" : source;
  const body = entryBytes(
    { source, destination, protocol: 6, sourcePort: port, destinationPort: 443 },
    { source: inside, destination: outside, protocol: 6, sourcePort: 443, destinationPort: port },
    (message) => {
      u32(CTA_STATUS, status)(message);
      u32(CTA_ID, id)(message);
    },
  );
  const bytes = Buffer.alloc(body.length + 4);
  bytes.set(body, 4);
  const entry = new ConnectionEntry(bytes);
  assert.ok(entry.scan(4, bytes.length));
  return entry;
}

function surveyOf(entries: readonly ConnectionEntry[], before?: Survey, supplies: readonly PortSupply[] = []): Survey {
  const survey = new Survey(entries.length, supplies, before?.seen);
  for (const entry of entries) survey.add(entry);
  return survey;
}

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const FIRST = surveyOf([entryOf(1, A), entryOf(2, A), entryOf(3, B)]);
/** One of A's has gone; B has two new ones, C one. */
const SECOND = surveyOf([entryOf(1, A), entryOf(3, B), entryOf(4, B), entryOf(5, B), entryOf(6, C, 5000, DNAT)], FIRST);

describe("subscribers", () => {
  test("of the first survey: nothing to compare with", () => {
    assert.deepEqual(FIRST.subscribers(ALL, undefined), {
      rows: [
        { address: A, connections: 2, newPerSecond: undefined },
        { address: B, connections: 1, newPerSecond: undefined },
      ],
      subscribers: 2,
      error: 0,
    });
    assert.equal(FIRST.newPerSecond(undefined), undefined);
  });

  /** [question, rows as [address, connections, new in two seconds]] */
  const CASES: readonly (readonly [Partial<SubscriberQuestion>, readonly (readonly [string, number, number])[]])[] = [
    [
      {},
      [
        [B, 3, 2],
        [A, 1, 0],
        [C, 1, 1],
      ],
    ],
    [
      { order: "new" },
      [
        [B, 3, 2],
        [C, 1, 1],
        [A, 1, 0],
      ],
    ],
    [{ order: "new", rows: 1 }, [[B, 3, 2]]],
    [{ filter: ".3" }, [[C, 1, 1]]],
    [{ filter: "0.1", order: "new" }, [[A, 1, 0]]],
    [{ filter: "x" }, []],
  ];
  for (const [question, expected] of CASES) {
    test(JSON.stringify(question), () => {
      const { rows, subscribers } = SECOND.subscribers({ ...ALL, ...question }, 2);
      assert.deepEqual(
        // One in some thousands is taken for a known one, which is made good.
        rows.map((row) => [row.address, row.connections, Math.round(2 * (row.newPerSecond ?? Number.NaN) * 100) / 100]),
        expected,
      );
      assert.equal(subscribers, 3);
    });
  }

  test("all new ones together", () => {
    assert.equal(Math.round((SECOND.newPerSecond(2) ?? 0) * 100) / 100, 1.5);
  });
});

test("public addresses: connections, and the destination that takes most of a block", () => {
  const address = parseIpv4("61.1.1.1") ?? 0;
  const supply = { address, first: 1000, last: 1999, blockSize: 10 };
  const entries = [1000, 1001, 1010, 1011, 1012].map((port, id) => entryOf(id, A, port));
  const [row, ...others] = surveyOf(entries, undefined, [supply]).addresses();
  assert.deepEqual(others, []);
  assert.deepEqual(row, {
    address,
    connections: 5,
    fullest: {
      address,
      protocol: 6,
      destination: parseIpv4("9.9.9.9"),
      destinationPort: 443,
      ports: { first: 1010, last: 1019 },
      used: 3,
      occupancy: 0.3,
      refusalChance: 0,
    },
  });
});
