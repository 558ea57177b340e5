import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyTally } from "./key-tally.ts";

type Key = readonly [number, number, number, number];

const word = fc.oneof(fc.nat(3), fc.nat(0xffffffff));
const key = fc.tuple(word, word, word, word);

function exactly(keys: readonly Key[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of keys) counts.set(one.join(), (counts.get(one.join()) ?? 0) + 1);
  return counts;
}

test("as many as the limit, keys are counted exactly", () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300 }), (keys) => {
      const tally = new KeyTally(300);
      for (const one of keys) tally.add(...one);
      const expected = exactly(keys);
      assert.equal(tally.size, expected.size);
      assert.equal(tally.total, keys.length);
      assert.equal(tally.error, 0);
      const top = tally.top(1000);
      assert.deepEqual(new Map(top.map((row) => [row.key.join(), row.count])), expected);
      assert.deepEqual(
        top.map(({ count }) => count),
        top.map(({ count }) => count).toSorted((a, b) => b - a),
      );
    }),
  );
});

test("past the limit no count is too high, and none too low by more than the stated error", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.nat(200).map((n): Key => [0, 0, 0, Math.floor(n ** 1.5 / 14)]),
        { minLength: 200, maxLength: 3000 },
      ),
      fc.integer({ min: 5, max: 60 }),
      (keys, limit) => {
        const tally = new KeyTally(limit);
        for (const one of keys) tally.add(...one);
        assert.ok(tally.size <= limit);
        for (const [text, count] of exactly(keys)) {
          const [a = 0, b = 0, c = 0, d = 0] = text.split(",").map(Number);
          const counted = tally.count(a, b, c, d);
          assert.ok(counted <= count && counted >= count - tally.error, `${text}: ${counted} of ${count}`);
        }
        // Each time something is taken off, it is taken off half of the keys at least.
        assert.ok(tally.error * (limit / 2) <= keys.length, `error ${tally.error} with ${limit} keys`);
      },
    ),
  );
});

test("a million keys, each once, beside three frequent ones, in the memory of 4,096", () => {
  const tally = new KeyTally(4096);
  for (let i = 0; i < 1_000_000; i++) {
    tally.add(1, 2, 3, i);
    if (i % 10 === 0) tally.add(9, 9, 9, i % 30);
  }
  const top = tally.top(3);
  assert.deepEqual(
    top.map((row) => row.key.join()).toSorted((a, b) => a.localeCompare(b)),
    ["9,9,9,0", "9,9,9,10", "9,9,9,20"],
  );
  for (const { count } of top) assert.ok(count <= 33_334 && count + tally.error >= 33_333, `${count}`);
  assert.ok(tally.bytes <= 16_384 * 20, `${tally.bytes}`);
});

test("keys that differ in one word only are told apart, and do not crowd", () => {
  const tally = new KeyTally(100_000);
  for (let i = 0; i < 50_000; i++) {
    tally.add(0, 0, 0xffff, i);
    tally.add(i, 0, 0xffff, 0);
  }
  assert.equal(tally.size, 99_999);
  assert.equal(tally.count(0, 0, 0xffff, 0), 2);
  assert.equal(tally.count(0, 0, 0xffff, 50_000), 0);
});
