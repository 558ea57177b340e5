import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4, parseIpv4 } from "../address/ipv4.ts";
import { addressAt, parseIpv4Range } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import {
  allocateBlocks,
  blockAt,
  blockCapacity,
  blockCount,
  blockOfSubscriber,
  blockRange,
  forEachMapping,
  isReserved,
  mappingOf,
  subscriberAt,
  subscriberOfBlock,
  type BlockRequest,
} from "./port-blocks.ts";
import type { PortBlocks, PublicAddress } from "./plan.ts";

const ip = (text: string): number => parseIpv4(text) ?? assert.fail(text);
const range = (text: string) => parseIpv4Range(text) ?? assert.fail(text);
const show = (mapping: PublicAddress | undefined): string | undefined =>
  mapping === undefined ? undefined : `${formatIpv4(mapping.address)}:${formatPortRange(mapping.ports)}`;

const CAMPUS: BlockRequest = {
  size: 128,
  ports: { first: 1024, last: 65535 },
  addresses: Array.from({ length: 28 }, (_, i) => ip("61.138.177.3") + i),
  subscribers: [range("10.10.1.0-10.10.40.15")],
  listening: [{ address: ip("61.138.177.3"), ports: { first: 8080, last: 8080 } }],
};

test("the campus: 28 x 504 blocks, the portal's block reserved, its subscriber moved to the last block", () => {
  const blocks = allocateBlocks(CAMPUS);
  assert.equal(blocks.blocksPerAddress, 504);
  assert.equal(blockCount(blocks), 14_112);
  assert.equal(blockCapacity(blocks), 14_111);
  assert.equal(blocks.subscriberCount, 10_000);
  assert.deepEqual(blocks.reserved, [55]);
  assert.deepEqual(blocks.displaced, [[55, 14_111]]);
  const table: [subscriber: string, mapping: string | undefined][] = [
    ["10.10.1.0", "61.138.177.3:1024-1151"],
    ["10.10.1.1", "61.138.177.3:1152-1279"],
    ["10.10.1.54", "61.138.177.3:7936-8063"],
    ["10.10.1.55", "61.138.177.30:65408-65535"],
    ["10.10.1.56", "61.138.177.3:8192-8319"],
    ["10.10.2.247", "61.138.177.3:65408-65535"],
    ["10.10.2.248", "61.138.177.4:1024-1151"],
    ["10.10.40.15", "61.138.177.22:55168-55295"],
    ["10.10.40.16", undefined],
    ["10.10.0.255", undefined],
  ];
  for (const [subscriber, mapping] of table) assert.equal(show(mappingOf(blocks, ip(subscriber))), mapping, subscriber);
  const reverse: [address: string, port: number, subscriber: string | undefined][] = [
    ["61.138.177.3", 1024, "10.10.1.0"],
    ["61.138.177.3", 1151, "10.10.1.0"],
    ["61.138.177.3", 1152, "10.10.1.1"],
    ["61.138.177.3", 8080, undefined],
    ["61.138.177.3", 8191, undefined],
    ["61.138.177.30", 65535, "10.10.1.55"],
    ["61.138.177.30", 65407, undefined],
    ["61.138.177.3", 1023, undefined],
    ["61.138.177.2", 1024, undefined],
  ];
  for (const [address, port, subscriber] of reverse) {
    const found = subscriberAt(blocks, ip(address), port);
    assert.equal(found === undefined ? undefined : formatIpv4(found), subscriber, `${address}:${port}`);
  }
});

test("a forward's range reserves every block it touches, and spares skip reserved blocks", () => {
  const blocks = allocateBlocks({
    size: 10,
    ports: { first: 100, last: 205 },
    addresses: [1, 2],
    subscribers: [{ first: 1000, last: 1004 }],
    listening: [
      { address: 1, ports: { first: 119, last: 120 } },
      { address: 2, ports: { first: 195, last: 205 } },
      { address: 3, ports: { first: 100, last: 100 } },
      { address: 1, ports: { first: 80, last: 99 } },
      { address: 1, ports: { first: 100, last: 101 } },
    ],
  });
  assert.equal(blocks.blocksPerAddress, 10);
  assert.deepEqual(blocks.reserved, [0, 1, 2, 19]);
  // Block 1 took the spare 19 and 2 took 18; then something listened in 19, so 1 went on to 17.
  assert.deepEqual(blocks.displaced, [
    [0, 16],
    [1, 17],
    [2, 18],
  ]);
  assert.equal(blockCapacity(blocks), 16);
  assert.equal(isReserved(blocks, 19), true);
  assert.equal(isReserved(blocks, 18), false);
});

test("more subscribers than blocks: those past the end have none", () => {
  const blocks = allocateBlocks({ ...CAMPUS, addresses: [ip("61.138.177.3")] });
  assert.equal(blockCapacity(blocks), 503);
  assert.equal(blockOfSubscriber(blocks, 502), 502);
  assert.equal(blockOfSubscriber(blocks, 503), undefined);
  assert.equal(mappingOf(blocks, ip("10.10.2.247")), undefined);
});

test("a block larger than the pool's ports: no grid", () => {
  const blocks = allocateBlocks({ ...CAMPUS, size: 64_513 });
  assert.equal(blockCount(blocks), 0);
  assert.equal(mappingOf(blocks, ip("10.10.1.0")), undefined);
  assert.equal(subscriberAt(blocks, ip("61.138.177.3"), 2000), undefined);
  assert.throws(() => blockRange(blocks, 0), RangeError);
});

test("100,000 single addresses as subscribers", () => {
  const subscribers = Array.from({ length: 100_000 }, (_, i) => ({
    first: 5_000_000 - 2 * i,
    last: 5_000_000 - 2 * i,
  }));
  const blocks = allocateBlocks({ ...CAMPUS, subscribers, addresses: Array.from({ length: 200 }, (_, i) => i + 1) });
  assert.equal(show(mappingOf(blocks, 5_000_000 - 2 * 99_999)), "0.0.0.199:27520-27647");
  assert.equal(subscriberAt(blocks, 199, 27_600), 5_000_000 - 2 * 99_999);
});

const request = fc
  .record({
    size: fc.integer({ min: 1, max: 40 }),
    firstPort: fc.integer({ min: 1, max: 300 }),
    portCount: fc.integer({ min: 1, max: 300 }),
    addresses: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
    subscribers: fc.array(fc.tuple(fc.integer({ min: 100, max: 200 }), fc.integer({ min: 0, max: 30 })), {
      maxLength: 5,
    }),
    listening: fc.array(
      fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 620 }), fc.integer({ min: 0, max: 60 })),
      { maxLength: 8 },
    ),
  })
  .map((r): BlockRequest => ({
    size: r.size,
    ports: { first: r.firstPort, last: r.firstPort + r.portCount - 1 },
    addresses: r.addresses,
    subscribers: r.subscribers.map(([first, more]) => ({ first, last: first + more })),
    listening: r.listening.map(([address, first, more]) => ({ address, ports: { first, last: first + more } })),
  }));

/** Every subscriber with its mapping, as text. */
function mappings(blocks: PortBlocks): Map<number, string> {
  const all = new Map<number, string>();
  forEachMapping(blocks, (subscriber, address, first, last) => all.set(subscriber, `${address}:${first}-${last}`));
  return all;
}

test("property: blocks lie in the pool, are nobody else's, and hold no listening port; look-up inverts them", () => {
  fc.assert(
    fc.property(request, (r) => {
      const blocks = allocateBlocks(r);
      const owner = new Map<string, number>();
      const served = Math.min(blocks.subscriberCount, blockCapacity(blocks));
      for (let i = 0; i < blocks.subscriberCount; i++) {
        const subscriber = addressAt(blocks.subscribers, i) ?? assert.fail();
        const mapping = mappingOf(blocks, subscriber);
        assert.equal(mapping !== undefined, i < served);
        if (mapping === undefined) continue;
        const block = blockOfSubscriber(blocks, i) ?? assert.fail();
        assert.equal(subscriberOfBlock(blocks, block), i);
        assert.equal(isReserved(blocks, block), false);
        assert.ok(mapping.ports.first >= r.ports.first && mapping.ports.last <= r.ports.last);
        assert.equal(mapping.ports.last - mapping.ports.first + 1, r.size);
        for (let port = mapping.ports.first; port <= mapping.ports.last; port++) {
          const key: string = `${mapping.address}:${port}`;
          assert.equal(owner.has(key), false, key);
          owner.set(key, subscriber);
          assert.equal(subscriberAt(blocks, mapping.address, port), subscriber);
          assert.equal(blockAt(blocks, mapping.address, port), block);
          for (const { address, ports } of r.listening) {
            assert.ok(address !== mapping.address || port < ports.first || port > ports.last, `listening ${key}`);
          }
        }
      }
      for (const address of r.addresses) {
        for (let port = r.ports.first - 1; port <= r.ports.last + 1; port++) {
          assert.equal(subscriberAt(blocks, address, port), owner.get(`${address}:${port}`));
        }
      }
      assert.equal(mappings(blocks).size, served);
    }),
    { numRuns: 200 },
  );
});

test("property: appending a subscriber moves nobody", () => {
  fc.assert(
    fc.property(request, fc.integer({ min: 90, max: 300 }), (r, added) => {
      const before = allocateBlocks(r);
      const after = allocateBlocks({ ...r, subscribers: [...r.subscribers, { first: added, last: added }] });
      const now = mappings(after);
      for (const [subscriber, mapping] of mappings(before)) assert.equal(now.get(subscriber), mapping);
    }),
  );
});

test("property: appending a forward moves nobody but those in whose block it listens", () => {
  const forward = fc.tuple(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 620 }),
    fc.integer({ min: 0, max: 60 }),
  );
  fc.assert(
    fc.property(request, forward, (r, [address, first, more]) => {
      const listening = { address, ports: { first, last: first + more } };
      const before = allocateBlocks(r);
      const after = allocateBlocks({ ...r, listening: [...r.listening, listening] });
      if (before.subscriberCount > blockCapacity(after)) return;
      for (let i = 0; i < before.subscriberCount; i++) {
        const block = blockOfSubscriber(before, i) ?? assert.fail();
        const mapping = blockRange(before, block);
        const hit = mapping.address === address && mapping.ports.first <= first + more && mapping.ports.last >= first;
        if (!hit) assert.equal(blockOfSubscriber(after, i), block);
      }
    }),
  );
});

test("property: appending an address moves only those who have a spare", () => {
  fc.assert(
    fc.property(request, (r) => {
      const before = allocateBlocks(r);
      const after = mappings(allocateBlocks({ ...r, addresses: [...r.addresses, 99] }));
      const displaced = new Set(before.displaced.map(([subscriber]) => addressAt(before.subscribers, subscriber)));
      for (const [subscriber, mapping] of mappings(before)) {
        if (!displaced.has(subscriber)) assert.equal(after.get(subscriber), mapping);
      }
    }),
  );
});

test("property: an allocation that went through JSON is the same", () => {
  fc.assert(
    fc.property(request, (r) => {
      const blocks = allocateBlocks(r);
      const copy = JSON.parse(JSON.stringify(blocks)) as PortBlocks;
      assert.deepEqual(copy, blocks);
      assert.deepEqual(mappings(copy), mappings(blocks));
    }),
    { numRuns: 30 },
  );
});
