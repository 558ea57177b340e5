import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editDistance, nearest } from "./nearest.ts";

const KEYS = ["interface", "addresses", "gateway", "per-subscriber", "selection", "out", "to", "from"];

test("a misspelt key gets the one meant, another word gets none", () => {
  const table: [word: string, expected: string | undefined][] = [
    ["interfce", "interface"],
    ["interfaces", "interface"],
    ["adresses", "addresses"],
    ["address", "addresses"],
    ["gatway", "gateway"],
    ["gatewya", "gateway"],
    ["perSubscriber", "per-subscriber"],
    ["per_subscriber", "per-subscriber"],
    ["Selection", "selection"],
    ["form", "from"],
    ["ot", "out"],
    ["bond", undefined],
    ["x", undefined],
    ["mtu", undefined],
    ["", undefined],
  ];
  for (const [word, expected] of table) equal(nearest(word, KEYS), expected, word);
});

test("the distance counts insertions, deletions, substitutions and swaps", () => {
  const table: [a: string, b: string, distance: number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["abc", "abd", 1],
    ["abc", "ab", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, distance] of table) equal(editDistance(a, b), distance, `${a} ${b}`);
});

test("the distance is symmetric, and zero only between equals", () => {
  const short = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(short, short, (a, b) => {
      equal(editDistance(a, b), editDistance(b, a));
      equal(editDistance(a, b) === 0, a === b);
    }),
  );
});
