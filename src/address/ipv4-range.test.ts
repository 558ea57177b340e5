import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { network } from "./ipv4-prefix.ts";
import {
  addressAt,
  countAddresses,
  formatIpv4Range,
  indexOfAddress,
  mergeRanges,
  overlapIn,
  parseIpv4Range,
  prefixRange,
  rangePrefixes,
  rangesContain,
  rangesOverlap,
  subtractRanges,
  type Ipv4Range,
} from "./ipv4-range.ts";

const address = fc.nat(0xffffffff);
const anyRange = fc.tuple(address, address).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
// Few addresses, so that ranges meet, and the answer can be counted one by one.
const BASE = 0xfffffff0;
const smallRange = fc
  .tuple(fc.nat(15), fc.nat(15))
  .map(([a, b]) => ({ first: BASE + Math.min(a, b), last: BASE + Math.max(a, b) }));
const smallRanges = fc.array(smallRange, { maxLength: 5 });

function members(ranges: readonly Ipv4Range[]): number[] {
  const all: number[] = [];
  for (const { first, last } of ranges) for (let at = first; at <= last; at++) all.push(at);
  return all;
}

test("ranges are read, and written in the shortest form", () => {
  const table: [text: string, written: string | undefined][] = [
    ["10.0.0.1", "10.0.0.1"],
    ["10.0.0.1-10.0.0.1", "10.0.0.1"],
    ["10.0.0.0-10.0.0.255", "10.0.0.0/24"],
    ["10.0.0.0/24", "10.0.0.0/24"],
    ["10.0.0.1 - 10.0.0.9", "10.0.0.1-10.0.0.9"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["0.0.0.0-255.255.255.255", "0.0.0.0/0"],
    ["10.0.0.1/24", undefined],
    ["10.0.0.9-10.0.0.1", undefined],
    ["10.0.0.1-9", undefined],
    ["10.0.0.1-10.0.0.2-10.0.0.3", undefined],
    ["-", undefined],
    ["", undefined],
  ];
  for (const [text, written] of table) {
    const range = parseIpv4Range(text);
    equal(range === undefined ? undefined : formatIpv4Range(range), written, text);
  }
});

test("what is written reads back", () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      deepEqual(parseIpv4Range(formatIpv4Range(range)), range);
    }),
  );
});

test("prefixes cover exactly the range, in order, aligned, and no two could be one", () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      const prefixes = rangePrefixes(range);
      let next = range.first;
      for (const prefix of prefixes) {
        equal(network(prefix), prefix.address);
        equal(prefix.address, next);
        next = prefixRange(prefix).last + 1;
      }
      equal(next, range.last + 1);
      for (const [i, prefix] of prefixes.entries()) {
        const following = prefixes[i + 1];
        const isLowerHalf = network({ address: prefix.address, length: prefix.length - 1 }) === prefix.address;
        ok(following?.length !== prefix.length || !isLowerHalf);
      }
    }),
  );
});

test("subtraction leaves exactly what is in the first and not in the second, in the order of the first", () => {
  fc.assert(
    fc.property(smallRanges, smallRanges, (ranges, taken) => {
      const gone = new Set(members(taken));
      deepEqual(
        members(subtractRanges(ranges, taken)),
        members(ranges).filter((member) => !gone.has(member)),
      );
    }),
    { numRuns: 1000 },
  );
});

test("merging keeps the addresses, each once, ascending and never adjacent", () => {
  fc.assert(
    fc.property(smallRanges, (ranges) => {
      const merged = mergeRanges(ranges);
      deepEqual(
        members(merged),
        [...new Set(members(ranges))].toSorted((a, b) => a - b),
      );
      for (const [i, range] of merged.entries()) ok(i === 0 || range.first > (merged[i - 1]?.last ?? 0) + 1);
    }),
    { numRuns: 500 },
  );
});

test("overlap and membership agree with counting", () => {
  fc.assert(
    fc.property(smallRanges, smallRange, (ranges, range) => {
      const inside = new Set(members(ranges));
      const shared = members([range]).filter((member) => inside.has(member));
      const found = overlapIn(mergeRanges(ranges), range);
      equal(found !== undefined, shared.length > 0);
      if (found !== undefined) ok(rangesOverlap(found, range));
      equal(
        ranges.some((other) => rangesOverlap(other, range)),
        shared.length > 0,
      );
      equal(rangesContain(ranges, range.first), inside.has(range.first));
    }),
    { numRuns: 500 },
  );
});

test("an index leads to an address and back", () => {
  fc.assert(
    fc.property(smallRanges, (ranges) => {
      const all = members(ranges);
      equal(countAddresses(ranges), all.length);
      for (const [index, member] of all.entries()) {
        equal(addressAt(ranges, index), member);
        equal(indexOfAddress(ranges, member), all.indexOf(member));
      }
      equal(addressAt(ranges, all.length), undefined);
      equal(indexOfAddress(ranges, 0), undefined);
    }),
  );
});
