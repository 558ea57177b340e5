import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressAt, indexOfAddress } from "../address/ipv4-range.ts";
import { indexAddresses, lastNotAbove, withoutRepeats } from "./address-index.ts";

const someRanges = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 40 })), { maxLength: 12 })
  .map((pairs) => pairs.map(([first, more]) => ({ first, last: first + more })));

test("property: without repeats every address is there once, in the order of its first mention", () => {
  fc.assert(
    fc.property(someRanges, (ranges) => {
      const mentioned = new Set(
        ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
      );
      const kept = withoutRepeats(ranges).flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      assert.deepEqual(kept, [...mentioned]);
    }),
  );
});

test("property: the index agrees with counting through", () => {
  fc.assert(
    fc.property(someRanges.map(withoutRepeats), (ranges) => {
      const index = indexAddresses(ranges);
      for (let address = 0; address <= 450; address++) {
        assert.equal(index.indexOf(address), indexOfAddress(ranges, address));
      }
      for (let i = -1; i <= index.count; i++) assert.equal(index.at(i), i < 0 ? undefined : addressAt(ranges, i));
    }),
  );
});

test("lastNotAbove", () => {
  const table: [ascending: number[], value: number, position: number][] = [
    [[], 5, -1],
    [[3], 2, -1],
    [[3], 3, 0],
    [[1, 3, 3, 7], 3, 2],
    [[1, 3, 3, 7], 6, 2],
    [[1, 3, 3, 7], 70, 3],
  ];
  for (const [ascending, value, position] of table) assert.equal(lastNotAbove(ascending, value), position);
});
