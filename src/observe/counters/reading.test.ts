import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { changeOf, counter, gauge, perCpu, type Reading } from "./reading.ts";

const TOP = 2 ** 32;

const TABLE: readonly (readonly [string, Reading | undefined, Reading, number, number | undefined])[] = [
  ["a plain step", counter(10), counter(25), 5, 15],
  ["no step", counter(10), counter(10), 5, 0],
  ["32 bits that wrapped", counter(TOP - 5, 32), counter(7, 32), 1, 12],
  ["32 bits that wrapped to 0", counter(TOP - 1, 32), counter(0, 32), 1, 1],
  ["one CPU wrapped, the other did not", perCpu({ 0: TOP - 5, 1: 100 }, 32), perCpu({ 0: 7, 1: 150 }, 32), 1, 62],
  ["every CPU wrapped", perCpu({ 0: TOP - 1, 1: TOP - 2 }, 32), perCpu({ 0: 1, 1: 1 }, 32), 1, 5],
  ["beyond 2^31 in an hour", counter(0, 32), counter(3e9, 32), 3600, 3e9],
  ["a CPU came online", perCpu({ 0: 5 }, 32), perCpu({ 0: 6, 1: 40 }, 32), 1, 41],
  ["a CPU went away", perCpu({ 0: 5, 1: 40 }, 32), perCpu({ 0: 6 }, 32), 1, 1],
  ["64 bits that went down: made anew", counter(25), counter(10), 1, undefined],
  ["32 bits that went down a little: made anew", counter(1000, 32), counter(999, 32), 1, undefined],
  ["one CPU's counter made anew", perCpu({ 0: 1000, 1: 5 }, 32), perCpu({ 0: 0, 1: 6 }, 32), 1, undefined],
  ["nothing before", undefined, counter(10), 1, undefined],
  ["another kind before", gauge(1), counter(10), 1, undefined],
  ["a level that fell", gauge(10), gauge(4), 2, -6],
];

for (const [what, before, after, seconds, delta] of TABLE) {
  test(what, () => {
    const perSecond = delta === undefined ? undefined : delta / seconds;
    assert.deepEqual(changeOf(before, after, seconds), { delta, perSecond });
  });
}

test("two samples of the same moment have a change and no rate", () => {
  assert.deepEqual(changeOf(counter(1), counter(3), 0), { delta: 2, perSecond: undefined });
});

test("whatever each CPU counted up to its whole range is found again, wrapped or not", () => {
  const start = fc.integer({ min: 0, max: TOP - 1 });
  const step = fc.integer({ min: 0, max: 1e9 });
  fc.assert(
    fc.property(fc.array(fc.tuple(start, step), { minLength: 1, maxLength: 8 }), (cpus) => {
      const before = perCpu(Object.fromEntries(cpus.map(([value], cpu) => [cpu, value])), 32);
      const after = perCpu(Object.fromEntries(cpus.map(([value, more], cpu) => [cpu, (value + more) % TOP])), 32);
      assert.equal(
        changeOf(before, after, 1).delta,
        cpus.reduce((sum, [, more]) => sum + more, 0),
      );
    }),
  );
});
