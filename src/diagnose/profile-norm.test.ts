import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeProfile } from "./profile-norm.ts";

const profile = (nat: number, parts: Readonly<Record<string, number>>) =>
  judgeProfile({
    nat: { samples: nat, share: 0.5 },
    parts: Object.entries(parts).map(([id, samples]) => ({ id, name: id, samples, share: samples / nat / 2 })),
    functions: [],
  }).parts.map(({ id, unusual }) => (unusual === undefined ? id : `${id}!`));

/** [samples of NAT, by part, parts as judged; with a mark: unusual] */
const CASES: readonly (readonly [number, Readonly<Record<string, number>>, readonly string[]])[] = [
  [
    1000,
    { "port-search": 222, rules: 201, "nat-setup": 186, lookup: 182 },
    ["port-search", "rules", "nat-setup", "lookup"],
  ],
  [1000, { lookup: 544, rules: 157, rewrite: 116 }, ["lookup", "rules", "rewrite"]],
  [1000, { "port-search": 700, lookup: 100 }, ["port-search!", "lookup"]],
  [1000, { rules: 501 }, ["rules!"]],
  [99, { rules: 99 }, ["rules"]],
  [0, { rules: 0 }, ["rules"]],
  [1000, { unheard: 1000 }, ["unheard"]],
];

void test("a part of NAT is unusual above its norm, with enough samples", () => {
  for (const [nat, parts, judged] of CASES) assert.deepEqual(profile(nat, parts), judged);
});
