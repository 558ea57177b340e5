import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../method/random.ts";
import { layOutOrder, mixWords } from "./order.ts";
import { zipfDraws } from "./zipf.ts";

test("an even mix has every connection once, not in their order", () => {
  const order = layOutOrder({ kind: "even", connections: 1000 }, 1);
  const sequence = Uint32Array.from({ length: 1000 }, (_, i) => i);
  assert.deepEqual(order.toSorted(), sequence);
  assert.notDeepEqual(order, sequence);
  assert.deepEqual(layOutOrder({ kind: "even", connections: 1000 }, 1), order);
  assert.notDeepEqual(layOutOrder({ kind: "even", connections: 1000 }, 2), order);
});

test("a Zipf mix draws each rank as often as its law says", () => {
  const draws = 1_000_000;
  for (const exponent of [0.8, 1.1]) {
    const seen = new Uint32Array(1000);
    for (const rank of zipfDraws(seen.length, exponent, draws, seededRandom(6))) seen[rank] = (seen[rank] ?? 0) + 1;
    const weights = Array.from(seen, (_, rank) => (rank + 1) ** -exponent);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    let chiSquare = 0;
    for (const [rank, weight] of weights.entries()) {
      const expected = (weight / sum) * draws;
      chiSquare += ((seen[rank] ?? 0) - expected) ** 2 / expected;
    }
    // 999 degrees of freedom: mean 999, standard deviation 45. The seed is fixed.
    assert.ok(Math.abs(chiSquare - 999) < 4 * 45, `chi square ${chiSquare} with exponent ${exponent}`);
  }
});

test("of a million connections a Zipf mix plays four million packets, and most of them of few", () => {
  const order = layOutOrder({ kind: "zipf", connections: 1_000_000, exponent: 1.1 }, 1);
  assert.equal(order.length, 4_000_000);
  const ofTheFirst = order.filter((rank) => rank < 1000).length / order.length;
  assert.ok(ofTheFirst > 0.6 && ofTheFirst < 0.75, String(ofTheFirst));
});

test("mixes in words", () => {
  assert.equal(mixWords({ kind: "even", connections: 1_000_000 }), "1,000,000 connections in random order");
  assert.equal(mixWords({ kind: "zipf", connections: 1000, exponent: 1.1 }), "1,000 connections, Zipf 1.1");
});
