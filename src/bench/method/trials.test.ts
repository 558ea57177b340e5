import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { interleave, runTrials } from "./trials.ts";

const ARMS = ["routed", "netfilter", "tc", "xdp"] as const;

test("every arm once in each round, in an order that the seed decides", () => {
  fc.assert(
    fc.property(fc.nat({ max: 20 }), fc.nat(), (rounds, seed) => {
      const order = interleave(ARMS, rounds, seed);
      assert.equal(order.length, rounds);
      for (const round of order) assert.deepEqual(round.toSorted(), ARMS.toSorted());
      assert.deepEqual(interleave(ARMS, rounds, seed), order);
    }),
  );
});

test("no arm has a place of its own", () => {
  const places = new Map<string, Set<number>>(ARMS.map((arm) => [arm, new Set()]));
  for (const round of interleave(ARMS, 60, 1)) for (const [place, arm] of round.entries()) places.get(arm)?.add(place);
  for (const [arm, seen] of places) assert.equal(seen.size, ARMS.length, `${arm} had only places ${[...seen].join()}`);
});

test("what is measured is kept by arm and round", async () => {
  const told: string[] = [];
  const trials = await runTrials({
    arms: ARMS,
    rounds: 3,
    seed: 5,
    measure: (arm, round) => Promise.resolve(`${arm} ${round}`),
    onTrial: (arm, round) => told.push(`${arm} ${round}`),
  });
  for (const arm of ARMS) assert.deepEqual(trials[arm], [`${arm} 1`, `${arm} 2`, `${arm} 3`]);
  assert.deepEqual(
    told,
    interleave(ARMS, 3, 5).flatMap((round, i) => round.map((arm) => `${arm} ${i + 1}`)),
  );
});

test("a signal ends them between two trials", async () => {
  const ending = new AbortController();
  let measured = 0;
  const measure = (): void => {
    if (++measured === 5) ending.abort(new Error("enough"));
  };
  await assert.rejects(runTrials({ arms: ARMS, rounds: 9, seed: 1, measure, signal: ending.signal }), /enough/);
  assert.equal(measured, 5);
});
