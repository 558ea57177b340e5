import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countPorts, formatPortRange, parsePort, parsePortRange, portRangesOverlap } from "./port-range.ts";

const port = fc.integer({ min: 1, max: 65535 });
const anyRange = fc.tuple(port, port).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

test("ports and ranges are read", () => {
  const table: [text: string, first: number | undefined, last?: number][] = [
    ["80", 80, 80],
    ["1-65535", 1, 65535],
    ["0", undefined],
    ["65536", undefined],
    ["080", undefined],
    ["80-", undefined],
    ["-80", undefined],
    ["90-80", undefined],
    ["80 - 90", undefined],
    ["1-2-3", undefined],
    ["8e1", undefined],
    ["", undefined],
  ];
  for (const [text, first, last] of table) {
    deepEqual(parsePortRange(text), first === undefined ? undefined : { first, last }, text);
  }
  equal(parsePort("65535"), 65535);
  equal(parsePort("80-90"), undefined);
});

test("what is written reads back", () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      deepEqual(parsePortRange(formatPortRange(range)), range);
      equal(countPorts(range), range.last - range.first + 1);
    }),
  );
});

test("ranges overlap when one holds an end of the other", () => {
  const small = fc
    .tuple(fc.nat(6), fc.nat(6))
    .map(([a, b]) => ({ first: 1 + Math.min(a, b), last: 1 + Math.max(a, b) }));
  fc.assert(
    fc.property(small, small, (a, b) => {
      let shared = 0;
      for (let at = 1; at <= 7; at++) if (at >= a.first && at <= a.last && at >= b.first && at <= b.last) shared++;
      equal(portRangesOverlap(a, b), shared > 0);
    }),
  );
});
