import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseIpv4 } from "../../address/ipv4.ts";
import { parseIpv4Range, type Ipv4Range } from "../../address/ipv4-range.ts";
import {
  clientSequence,
  connectionAt,
  createConnectionSet,
  indexOfSequence,
  mix,
  type Connection,
  type ConnectionSet,
  type ConnectionSetOptions,
} from "./connection.ts";

const BENCHMARK = { address: 0xc6120000, length: 15 };

function range(text: string): Ipv4Range {
  const parsed = parseIpv4Range(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

function options(changes: Partial<ConnectionSetOptions> = {}): ConnectionSetOptions {
  return { connections: 1000, subscribers: [range("10.0.0.0/24")], destinations: BENCHMARK, seed: 1, ...changes };
}

function keyOf({ source, destination, sourcePort, destinationPort }: Connection): string {
  return `${source} ${sourcePort} ${destination} ${destinationPort}`;
}

function allOf(seed: number): string[] {
  const set = createConnectionSet(options({ seed }));
  return Array.from({ length: set.connections }, (_, index) => keyOf(connectionAt(set, index)));
}

/** Any set that can be laid out, with the number of connections per subscriber up to many times the source ports. */
const anySet = fc
  .record({
    // One subscriber and one destination have 64512 x 49151 connections.
    connections: fc.integer({ min: 1, max: 64512 * 49151 }),
    first: fc.integer({ min: 0x0a000000, max: 0x0affff00 }),
    size: fc.integer({ min: 1, max: 255 }),
    length: fc.integer({ min: 12, max: 32 }),
    seed: fc.maxSafeNat(),
  })
  .map(({ connections, first, size, length, seed }) =>
    createConnectionSet({
      connections,
      seed,
      subscribers: [{ first, last: first + size - 1 }],
      destinations: { address: BENCHMARK.address, length },
    }),
  );

const setAndIndex = anySet.chain((set) =>
  fc.record({ set: fc.constant(set), index: fc.nat({ max: set.connections - 1 }) }),
);

/**
 * The permutation run backwards, written from its description: source ports Z_A, destination pairs Z_B, four rounds,
 * the even ones move the destination, the odd ones the source.
 */
function numberOf(set: ConnectionSet, subscriber: number, connection: Connection): number {
  const a = 64512n;
  const b = BigInt(set.destinations) * 49151n;
  const [key0 = 0, key1 = 0] = set.key;
  let source = BigInt(connection.sourcePort - 1024);
  let destination =
    BigInt(connection.destinationPort - 1) * BigInt(set.destinations) +
    BigInt(connection.destination - set.firstDestination);
  const roundKeys = [0, 1, 2, 3].map((round) => mix(mix(subscriber ^ key0) + key1 + Math.imul(round, 0x9e3779b9)));
  for (const [step, key] of roundKeys.toReversed().entries()) {
    if (step % 2 === 0) {
      const added = mix(mix(Number(destination & 0xffffffffn) ^ key) ^ Number(destination >> 32n));
      source = (((source - BigInt(added)) % a) + a) % a;
    } else {
      const high = mix(Number(source) ^ key);
      const low = mix(high ^ Number(source) ^ 0x9e3779b9);
      const added = (BigInt(high & 0xfffff) << 32n) + BigInt(low);
      destination = (((destination - added) % b) + b) % b;
    }
  }
  return Number(destination * a + source);
}

describe("connectionAt", () => {
  test("can be undone: no two numbers give the same connection", () => {
    fc.assert(
      fc.property(setAndIndex, ({ set, index }) => {
        const connection = connectionAt(set, index);
        const subscriber = connection.source - (set.subscribers[0] ?? 0);
        assert.equal(subscriber, index % set.subscribers.length);
        const number = numberOf(set, subscriber, connection);
        assert.equal(number * set.subscribers.length + subscriber, index);
      }),
      { numRuns: 2000 },
    );
  });

  test("stays within the ports and the prefix", () => {
    fc.assert(
      fc.property(setAndIndex, ({ set, index }) => {
        const { destination, sourcePort, destinationPort } = connectionAt(set, index);
        assert.ok(sourcePort >= 1024 && sourcePort <= 65535, `source port ${sourcePort}`);
        assert.ok(destinationPort >= 1 && destinationPort <= 49151, `destination port ${destinationPort}`);
        assert.ok(destination >= set.firstDestination && destination < set.firstDestination + set.destinations);
      }),
      { numRuns: 2000 },
    );
  });

  const sets: readonly [string, Partial<ConnectionSetOptions>][] = [
    ["many subscribers", { connections: 100_000, subscribers: [range("10.0.0.0/20")] }],
    [
      "one subscriber, one destination, more than there are source ports",
      {
        connections: 100_000,
        subscribers: [range("10.0.0.1")],
        destinations: { address: 0xc6120001, length: 32 },
      },
    ],
    [
      "subscribers in several ranges",
      { connections: 100_001, subscribers: [range("10.0.0.1-10.0.0.7"), range("10.9.0.0/30")] },
    ],
  ];
  for (const [name, changes] of sets) {
    test(`gives ${changes.connections} distinct connections, spread evenly over subscribers: ${name}`, () => {
      const set = createConnectionSet(options(changes));
      const seen = new Set<string>();
      const perSubscriber = new Map<number, number>();
      for (let index = 0; index < set.connections; index++) {
        const connection = connectionAt(set, index);
        seen.add(keyOf(connection));
        perSubscriber.set(connection.source, (perSubscriber.get(connection.source) ?? 0) + 1);
      }
      assert.equal(seen.size, set.connections);
      assert.equal(perSubscriber.size, set.subscribers.length);
      const counts = [...perSubscriber.values()];
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
    });
  }

  test("the same seed gives the same connections, another seed others", () => {
    assert.deepEqual(allOf(7), allOf(7));
    const before = new Set(allOf(7));
    assert.equal(allOf(8).filter((key) => before.has(key)).length, 0);
    // The upper half of a large seed counts, too.
    assert.notDeepEqual(allOf(7 + 2 ** 40), allOf(7));
  });

  for (const field of ["sourcePort", "destinationPort", "destination"] as const) {
    test(`spreads ${field} evenly`, () => {
      const set = createConnectionSet(options({ connections: 160_000, subscribers: [range("10.0.0.0/22")] }));
      const [first, size] = {
        sourcePort: [1024, 64512],
        destinationPort: [1, 49151],
        destination: [set.firstDestination, set.destinations],
      }[field] as [number, number];
      const buckets = Array.from({ length: 64 }, () => 0);
      for (let index = 0; index < set.connections; index++) {
        const bucket = Math.floor(((connectionAt(set, index)[field] - first) / size) * buckets.length);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      const expected = set.connections / buckets.length;
      const chiSquare = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 63 degrees of freedom: 99.9 % of random fills stay below 103.4. The seed is fixed, so this never varies.
      assert.ok(chiSquare < 103.4, `chi-square ${chiSquare}`);
    });
  }
});

test("a sequence number tells the connection's number", () => {
  fc.assert(
    fc.property(setAndIndex, ({ set, index }) => {
      assert.equal(indexOfSequence(set, clientSequence(set, index)), index);
    }),
  );
});

describe("createConnectionSet", () => {
  test("lists the subscribers in the order of their ranges", () => {
    const { subscribers } = createConnectionSet(
      options({ subscribers: [range("10.0.0.254-10.0.1.1"), range("10.0.0.9")] }),
    );
    const expected = ["10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1", "10.0.0.9"];
    assert.deepEqual([...subscribers], expected.map(parseIpv4));
  });

  const refused: readonly [Partial<ConnectionSetOptions>, string][] = [
    [{ connections: 0 }, "the number of connections must be whole, from 1 to 2^32 - 1, not 0"],
    [{ connections: 1.5 }, "the number of connections must be whole, from 1 to 2^32 - 1, not 1.5"],
    [{ connections: 2 ** 32 }, "the number of connections must be whole, from 1 to 2^32 - 1, not 4294967296"],
    [{ seed: -1 }, "the seed must be whole, from 0 to 2^53 - 1, not -1"],
    [{ seed: 2 ** 53 }, "the seed must be whole, from 0 to 2^53 - 1, not 9007199254740992"],
    [{ subscribers: [] }, "there are no subscribers"],
    [{ subscribers: [range("10.0.0.0/7")] }, "there are 33554432 subscribers, more than 2^24"],
    [{ subscribers: [range("198.19.255.255")] }, "the destinations overlap the subscribers"],
    [
      { connections: 2 ** 32 - 1, subscribers: [range("10.0.0.1")], destinations: { address: 0xc6120000, length: 32 } },
      "4294967295 connections are more than there are distinct ones",
    ],
    [
      { connections: 0, seed: -1 },
      "the number of connections must be whole, from 1 to 2^32 - 1, not 0; the seed must be whole, from 0 to 2^53 - 1, not -1",
    ],
  ];
  for (const [changes, reason] of refused) {
    test(`refuses: ${reason}`, () => {
      assert.throws(() => createConnectionSet(options(changes)), {
        name: "RangeError",
        message: `cannot lay out connections: ${reason}`,
      });
    });
  }
});
