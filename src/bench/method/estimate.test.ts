import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { estimateMedian, estimateRatio, estimateRatioOfMedians } from "./estimate.ts";
import { seededRandom, type Random } from "./random.ts";

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Each with its true median. */
const DISTRIBUTIONS: readonly (readonly [string, number, (random: Random) => number])[] = [
  ["normal", 100, (random) => 100 + 5 * normal(random)],
  ["uniform", 0.5, (random) => random()],
  ["exponential", Math.LN2, (random) => -Math.log(1 - random())],
  ["log-normal", 1, (random) => Math.exp(normal(random))],
  ["mostly quiet, sometimes half as fast", 1, (random) => (random() < 0.1 ? 0.5 : 1 + 0.01 * normal(random))],
];
const SETS = 200;
const RUNS = 10;

describe("the 95 % interval of a median of ten runs", () => {
  for (const [name, truth, draw] of DISTRIBUTIONS) {
    test(`holds the true median of a distribution: ${name}`, () => {
      const random = seededRandom(20);
      let held = 0;
      for (let set = 0; set < SETS; set++) {
        const { low, high } = estimateMedian(
          Array.from({ length: RUNS }, () => draw(random)),
          set,
        );
        if (low <= truth && truth <= high) held++;
      }
      // The last distribution's true median lies a little below 1, which is why it may do worse.
      const least = name.startsWith("mostly") ? 0.85 : 0.9;
      assert.ok(held / SETS >= least, `in ${held} of ${SETS}`);
      assert.ok(held < SETS, "an interval that is never wrong says nothing");
    });
  }
});

const runs = fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 });

test("an interval holds its median and lies within the runs", () => {
  fc.assert(
    fc.property(runs, (values) => {
      const { median, low, high } = estimateMedian(values);
      assert.ok(low <= median && median <= high);
      assert.ok(Math.min(...values) <= low && high <= Math.max(...values));
    }),
    { numRuns: 30 },
  );
});

test("the same runs give the same interval, and another unit the same in that unit", () => {
  fc.assert(
    fc.property(runs, (values) => {
      const estimate = estimateMedian(values);
      assert.deepEqual(estimateMedian(values), estimate);
      const inThousands = estimateMedian(values.map((value) => value * 1024));
      assert.equal(inThousands.low, estimate.low * 1024);
      assert.equal(inThousands.high, estimate.high * 1024);
    }),
    { numRuns: 30 },
  );
});

test("with fewer than six runs the interval is all of them", () => {
  const { median, low, high } = estimateMedian([3, 1, 2]);
  assert.deepEqual([median, low, high], [2, 1, 3]);
  assert.throws(() => estimateMedian([]), RangeError);
});

describe("a ratio", () => {
  test("is the middle one of the rounds", () => {
    const { ratio, rounds } = estimateRatio([8, 9, 10, 8, 9, 10], [2, 3, 4, 2, 3, 4]);
    assert.deepEqual([ratio, rounds], [3, 6]);
  });

  test("is the same where the machine is half as fast from the middle of a round on", () => {
    // The medians of the arms are of different halves.
    const { ratio } = estimateRatio([10, 10, 10, 10, 5, 5, 5], [10, 10, 10, 5, 5, 5, 5]);
    assert.equal(ratio, 1);
  });

  test("of an arm to itself is exactly 1, however noisy", () => {
    fc.assert(
      fc.property(runs, (values) => {
        const { ratio, low, high } = estimateRatio(values, values);
        assert.deepEqual([ratio, low, high], [1, 1, 1]);
      }),
      { numRuns: 30 },
    );
  });

  test("of arms disturbed in the same rounds is as sure as if nothing had happened", () => {
    const noise = [1, 0.5, 0.9, 0.3, 1, 0.8, 0.6, 1, 0.7, 0.4];
    const one = noise.map((share) => share * 4000);
    const other = noise.map((share) => share * 1000);
    const { ratio, low, high } = estimateRatio(one, other);
    assert.deepEqual([ratio, low, high], [4, 4, 4]);
  });

  test("needs both arms in every round", () => {
    assert.throws(() => estimateRatio([1, 2], [1]), RangeError);
  });
});

describe("a ratio of medians", () => {
  test("does not ask which run was beside which", () => {
    const [one, other] = [
      [8, 9, 10, 8, 9, 10],
      [4, 3, 2, 4, 3, 2],
    ];
    const { ratio, low, high } = estimateRatioOfMedians(one, other);
    assert.equal(ratio, 3);
    assert.ok(low < 3 && high > 3, `${low} to ${high}`);
    assert.throws(() => estimateRatioOfMedians([1, 2], [1]), RangeError);
  });
});
