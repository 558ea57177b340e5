import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { searchLossFree, type RateTrial } from "./loss-free.ts";

/** A device that loses whatever is above its limit. */
const device =
  (limit: number) =>
  (rate: number): Promise<Omit<RateTrial, "rate">> =>
    Promise.resolve({ sent: Math.round(rate), received: Math.round(Math.min(rate, limit)), offered: rate });

test("finds the limit of a device to within the resolution", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1000, max: 4_000_000 }), async (limit) => {
      const found = await searchLossFree({
        lowest: 1000,
        highest: 4_000_000,
        resolution: 0.01,
        trial: device(limit),
      });
      assert.ok(found.rate <= limit + 0.5, `${found.rate} is above ${limit}`);
      assert.ok(found.rate >= limit * 0.985, `${found.rate} is far below ${limit}`);
      for (const { rate, sent, received } of found.trials) assert.equal(received >= sent, rate <= limit + 0.5);
    }),
  );
});

test("says so if nothing is lost at all, or always", async () => {
  const range = { lowest: 100, highest: 1000, resolution: 0.01 };
  const all = await searchLossFree({ ...range, trial: device(5000) });
  assert.deepEqual([all.rate, all.lossAt, all.trials.length], [1000, undefined, 1]);
  const none = await searchLossFree({ ...range, trial: device(10) });
  assert.deepEqual([none.rate, none.lossAt, none.trials.length], [0, 100, 2]);
});

test("one lost packet is loss", async () => {
  const trial = (rate: number): Promise<Omit<RateTrial, "rate">> =>
    Promise.resolve({ sent: 1e6, received: 1e6 - 1, offered: rate });
  assert.equal((await searchLossFree({ lowest: 1, highest: 10, resolution: 0.1, trial })).rate, 0);
});

test("a rate that the sender could not keep up was not carried", async () => {
  const trial = (rate: number): Promise<Omit<RateTrial, "rate">> =>
    Promise.resolve({ sent: 1e6, received: 1e6, offered: Math.min(rate, 5000) });
  const { rate } = await searchLossFree({ lowest: 100, highest: 10_000, resolution: 0.01, trial });
  assert.ok(rate > 4900 && rate < 5100, String(rate));
});

test("refuses a range that is none", async () => {
  const trial = device(1);
  await assert.rejects(searchLossFree({ lowest: 0, highest: 10, resolution: 0.1, trial }), RangeError);
  await assert.rejects(searchLossFree({ lowest: 20, highest: 10, resolution: 0.1, trial }), RangeError);
  await assert.rejects(searchLossFree({ lowest: 1, highest: 10, resolution: 0, trial }), RangeError);
});
