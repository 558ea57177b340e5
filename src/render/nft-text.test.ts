import assert from "node:assert/strict";
import { test } from "node:test";
import type { NftChain, NftSet } from "./desired-state.ts";
import {
  addElements,
  addToTable,
  deleteChain,
  deleteCounter,
  deleteElements,
  deleteSet,
  elementKey,
  replaceRuleset,
  writeChain,
  writeCounter,
  writeRuleset,
  writeSet,
} from "./nft-text.ts";

const SET: NftSet = { name: "s", key: "ipv4_addr", flags: ["interval"], elements: ["10.0.0.0/8"], about: "a\nb" };
const MAP: NftSet = { name: "m", key: "ipv4_addr", data: "ipv4_addr . inet_service", flags: [], elements: [] };
const CHAIN: NftChain = { name: "c", rules: ["ip saddr @s jump d", "accept"] };
const BASE: NftChain = {
  name: "forward",
  hook: { type: "filter", hook: "forward", priority: "filter" },
  rules: ["drop"],
  about: "drops",
};

const TEXTS: readonly (readonly [what: string, written: string, expected: string])[] = [
  ["a counter", writeCounter({ name: "n", about: "what it counts" }), "# what it counts\ncounter n { }"],
  ["a set", writeSet(SET), "# a b\nset s {\n  type ipv4_addr\n  flags interval\n  elements = { 10.0.0.0/8 }\n}"],
  ["an empty map", writeSet(MAP), "map m {\n  type ipv4_addr : ipv4_addr . inet_service\n}"],
  [
    "more elements than a line holds",
    writeSet({ ...SET, about: "x", elements: Array.from({ length: 9 }, (_, i) => `10.0.0.${i}`) }),
    "# x\nset s {\n  type ipv4_addr\n  flags interval\n  elements = {\n    10.0.0.0,\n    10.0.0.1,\n    10.0.0.2,\n    10.0.0.3,\n" +
      "    10.0.0.4,\n    10.0.0.5,\n    10.0.0.6,\n    10.0.0.7,\n    10.0.0.8\n  }\n}",
  ],
  ["a chain", writeChain(CHAIN), "chain c {\n  ip saddr @s jump d\n  accept\n}"],
  [
    "a base chain",
    writeChain(BASE),
    "# drops\nchain forward {\n  type filter hook forward priority filter; policy accept;\n  drop\n}",
  ],
  [
    "parts of the table",
    addToTable([writeChain({ ...CHAIN, rules: ["drop"] })]),
    "table ip meganat {\n  chain c {\n    drop\n  }\n}\n",
  ],
  ["no elements to add", addElements(SET, []), ""],
  ["elements to add", addElements(SET, ["10.0.0.1", "10.0.0.2"]), "add element ip meganat s { 10.0.0.1, 10.0.0.2 }\n"],
  [
    "elements to delete, by key",
    deleteElements(MAP, ["10.0.0.1 : 1.2.3.4 . 80", "10.0.0.2"]),
    "delete element ip meganat m { 10.0.0.1, 10.0.0.2 }\n",
  ],
  ["deleting a set", deleteSet(SET), "delete set ip meganat s\n"],
  ["deleting a map", deleteSet(MAP), "delete map ip meganat m\n"],
  ["deleting a chain", deleteChain("c"), "delete chain ip meganat c\n"],
  ["deleting a counter", deleteCounter("n"), "delete counter ip meganat n\n"],
];

for (const [what, written, expected] of TEXTS) {
  test(`nft text: ${what}`, () => assert.equal(written, expected));
}

test("nft text: a table, fresh and in place of another", () => {
  const ruleset = {
    family: "ip",
    table: "meganat",
    comment: "x sha256:0",
    counters: [],
    sets: [SET],
    chains: [BASE],
  } as const;
  const fresh = `table ip meganat {
  comment "x sha256:0"

  # a b
  set s {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8 }
  }

  # drops
  chain forward {
    type filter hook forward priority filter; policy accept;
    drop
  }
}
`;
  assert.equal(writeRuleset(ruleset), fresh);
  assert.equal(replaceRuleset(ruleset), `table ip meganat\ndelete table ip meganat\n${fresh}`);
});

test("many elements go in several commands, none lost", () => {
  const elements = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >>> 8}.${i & 255}`);
  const commands = addElements(SET, elements)
    .trimEnd()
    .split(/\n(?=add )/);
  assert.equal(commands.length, 3);
  const sent = commands.flatMap((c) => c.replace(/^add element ip meganat s \{\s*|\s*\}$/g, "").split(/,\s*/));
  assert.deepEqual(sent, elements);
});

test("the key of an element is what stands before the colon", () => {
  assert.equal(elementKey("61.138.177.3 . tcp . 8080 : 10.10.0.2 . 80"), "61.138.177.3 . tcp . 8080");
  assert.equal(elementKey("10.0.0.0-10.0.0.9"), "10.0.0.0-10.0.0.9");
});
