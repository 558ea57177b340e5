import assert from "node:assert/strict";
import { test } from "node:test";
import { ip, ranges } from "../../test/fixtures/gateways.ts";
import { countPaired, pairedAddress } from "./pairing.ts";

test("pairs as the kernel does", () => {
  // Read from ct mark on Linux 6.18: ct mark set jhash ip daddr mod 28 seed 0x1.
  const table: [subscriber: string, index: number][] = [
    ["10.10.1.0", 8],
    ["10.10.1.1", 22],
    ["10.10.1.2", 5],
    ["10.10.40.15", 0],
    ["10.1.2.3", 11],
    ["10.255.255.254", 21],
  ];
  for (const [subscriber, index] of table) assert.equal(pairedAddress(ip(subscriber), 28), index, subscriber);
});

test("every subscriber is counted once, on an address there is", () => {
  const counts = countPaired(ranges("10.10.1.0-10.10.40.15"), 28);
  assert.equal(counts.length, 28);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    10_000,
  );
  assert.equal(Math.max(...counts), 391);
  assert.deepEqual([...countPaired(ranges("10.0.0.0/24"), 1)], [256]);
});
