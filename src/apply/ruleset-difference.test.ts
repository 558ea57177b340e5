import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ruleset } from "../render/desired-state.ts";
import { changeText } from "./change.ts";
import { knownChain, listedRuleset, readTableListing } from "./live-ruleset.ts";
import type { LiveTable } from "./live-state.ts";
import { rulesetChanges } from "./ruleset-changes.ts";
import { elementDifference, isEmptyDifference, rulesetDifference } from "./ruleset-difference.ts";
import { rulesetScript } from "./ruleset-script.ts";

const BASE: Ruleset = {
  family: "ip",
  table: "meganat",
  comment: "campus sha256:0123456789abcdef",
  counters: [{ name: "dropped", about: "what was dropped" }],
  sets: [
    { name: "inside", key: "ipv4_addr", flags: ["interval"], elements: ["10.0.0.0/16"] },
    {
      name: "blocks",
      key: "ipv4_addr",
      data: "ipv4_addr . inet_service",
      flags: [],
      elements: ["10.0.0.1 : 1.2.3.4 . 1-2"],
    },
  ],
  chains: [
    { name: "sub", rules: ['ip saddr @inside counter name "dropped" drop'] },
    {
      name: "nat",
      hook: { type: "nat", hook: "postrouting", priority: "srcnat" },
      rules: ["jump sub", "snat ip to ip saddr map @blocks"],
    },
  ],
};

function known(ruleset: Ruleset): LiveTable {
  const counters = ruleset.counters.map(({ name }) => name);
  return {
    kind: "known",
    ruleset: { counters, sets: ruleset.sets, chains: ruleset.chains.map(knownChain), listed: false },
  };
}

function withSet(name: string, change: Partial<Ruleset["sets"][number]>): Ruleset {
  return { ...BASE, sets: BASE.sets.map((set) => (set.name === name ? { ...set, ...change } : set)) };
}

test("what changes, in words and in nft's", () => {
  const cases: readonly (readonly [string, LiveTable, Ruleset, readonly string[], string])[] = [
    ["nothing", known(BASE), BASE, [], ""],
    [
      "one element more",
      known(BASE),
      withSet("blocks", { elements: ["10.0.0.1 : 1.2.3.4 . 1-2", "10.0.0.2 : 1.2.3.4 . 3-4"] }),
      ["add 1 element to map blocks"],
      "add element ip meganat blocks { 10.0.0.2 : 1.2.3.4 . 3-4 }\n",
    ],
    [
      "other data for a key",
      known(BASE),
      withSet("blocks", { elements: ["10.0.0.1 : 1.2.3.4 . 5-6"] }),
      ["change 1 element of map blocks"],
      "delete element ip meganat blocks { 10.0.0.1 }\nadd element ip meganat blocks { 10.0.0.1 : 1.2.3.4 . 5-6 }\n",
    ],
    [
      "other rules",
      known(BASE),
      { ...BASE, chains: BASE.chains.map((chain) => (chain.name === "sub" ? { ...chain, rules: ["accept"] } : chain)) },
      ["replace chain sub"],
      "flush chain ip meganat sub\ntable ip meganat {\n  chain sub {\n    accept\n  }\n}\n",
    ],
    [
      "another kind of set: the chains that name it are filled anew around it",
      known(BASE),
      withSet("inside", { flags: [], elements: ["10.0.0.1"] }),
      ["make set inside anew with 1 element", "replace chain sub"],
      [
        "flush chain ip meganat sub",
        "delete set ip meganat inside",
        "table ip meganat {",
        "  set inside {",
        "    type ipv4_addr",
        "    elements = { 10.0.0.1 }",
        "  }",
        "",
        "  chain sub {",
        '    ip saddr @inside counter name "dropped" drop',
        "  }",
        "}",
        "",
      ].join("\n"),
    ],
    [
      "another priority",
      known(BASE),
      {
        ...BASE,
        chains: BASE.chains.map((chain) =>
          chain.hook === undefined ? chain : { ...chain, hook: { ...chain.hook, priority: "srcnat + 10" } },
        ),
      },
      ["make chain nat anew"],
      [
        "flush chain ip meganat nat",
        "delete chain ip meganat nat",
        "table ip meganat {",
        "  chain nat {",
        "    type nat hook postrouting priority srcnat + 10; policy accept;",
        "    jump sub",
        "    snat ip to ip saddr map @blocks",
        "  }",
        "}",
        "",
      ].join("\n"),
    ],
    [
      "less of everything",
      known(BASE),
      { ...BASE, counters: [], sets: [], chains: [] },
      ["delete counter dropped", "delete set inside", "delete map blocks", "delete chain sub", "delete chain nat"],
      [
        "flush chain ip meganat sub",
        "flush chain ip meganat nat",
        "delete set ip meganat inside",
        "delete map ip meganat blocks",
        "delete counter ip meganat dropped",
        "delete chain ip meganat sub",
        "delete chain ip meganat nat",
        "",
      ].join("\n"),
    ],
  ];
  for (const [what, live, desired, words, script] of cases) {
    const difference = rulesetDifference(live, desired);
    assert.deepEqual(rulesetChanges(difference, desired).map(changeText), words, what);
    assert.equal(rulesetScript(difference, desired), script, what);
    assert.equal(isEmptyDifference(difference), words.length === 0, what);
  }
});

test("a table that is not there is made, one that nobody recorded is made anew", () => {
  const made = rulesetDifference({ kind: "absent" }, BASE);
  assert.deepEqual(rulesetChanges(made, BASE).map(changeText), [
    "create table ip meganat (2 chains, 2 sets and maps, 2 elements)",
  ]);
  assert.match(rulesetScript(made, BASE), /^table ip meganat \{\n {2}comment "campus sha256:0123456789abcdef"\n/);
  const anew = rulesetDifference({ kind: "unrecorded" }, BASE);
  assert.deepEqual(rulesetChanges(anew, BASE).map(changeText), [
    "replace table ip meganat, of which nothing is recorded (2 chains, 2 sets and maps, 2 elements)",
  ]);
  assert.match(rulesetScript(anew, BASE), /^table ip meganat\ndelete table ip meganat\ntable ip meganat \{\n/);
});

test("elements are told apart wherever they stand", () => {
  const cases = [
    [["a", "b", "c"], ["a", "b", "c"], [], []],
    [["a", "b", "c"], ["a", "b", "x", "c"], [], ["x"]],
    [["a", "b", "c"], ["c", "b", "a"], [], []],
    [["a", "b", "c"], ["b"], ["a", "c"], []],
    [["a", "a"], ["a"], ["a"], []],
    [[], ["a"], [], ["a"]],
    [["a : 1"], ["a : 2"], ["a : 1"], ["a : 2"]],
  ] as const;
  for (const [now, desired, removed, added] of cases) {
    assert.deepEqual(elementDifference(now, desired, false), { removed: [...removed], added: [...added] });
  }
  assert.deepEqual(elementDifference(["10.0.0.0/24"], ["10.0.0.0-10.0.0.255"], true), { removed: [], added: [] });
});

const LISTING = [
  { table: { family: "ip", name: "meganat", handle: 1 } },
  { counter: { family: "ip", name: "dropped", table: "meganat", handle: 2, packets: 7, bytes: 700 } },
  {
    set: {
      family: "ip",
      name: "inside",
      table: "meganat",
      type: "ipv4_addr",
      handle: 3,
      flags: ["interval"],
      elem: ["10.0.0.9"],
    },
  },
  { chain: { family: "ip", table: "meganat", name: "nat", handle: 4, type: "nat", hook: "postrouting", prio: 100 } },
  {
    rule: {
      family: "ip",
      table: "meganat",
      chain: "nat",
      handle: 5,
      expr: [{ counter: { packets: 1, bytes: 2 } }, { set: [2, 1] }],
    },
  },
];

test("a listing is the same whatever was counted, whichever handles and order nft gives", () => {
  const other = structuredClone(LISTING);
  Object.assign(other[4]?.rule ?? {}, { handle: 50, expr: [{ counter: { packets: 9, bytes: 9 } }, { set: [1, 2] }] });
  assert.deepEqual(readTableListing(other).chains, readTableListing(LISTING).chains);
  Object.assign(other[4]?.rule ?? {}, { expr: [{ drop: null }] });
  assert.notDeepEqual(readTableListing(other).chains, readTableListing(LISTING).chains);
  assert.deepEqual(readTableListing(LISTING).counters, [{ name: "dropped", packets: 7, bytes: 700 }]);
  assert.deepEqual(readTableListing(LISTING).sets, [
    { name: "inside", key: "ipv4_addr", flags: ["interval"], elements: ["10.0.0.9"] },
  ]);
});

test("a listed chain is known as far as it is as it was", () => {
  const { chains } = readTableListing(LISTING);
  const rules = { ruleset: BASE, tableComment: "", listing: { ...chains } };
  const nat = BASE.chains[1] ?? assert.fail();
  assert.deepEqual(listedRuleset(readTableListing(LISTING), rules).chains, [knownChain(nat)]);
  const flushed = readTableListing(LISTING.slice(0, 4));
  assert.deepEqual(listedRuleset(flushed, rules).chains, [{ name: "nat", hook: nat.hook }]);
  assert.deepEqual(listedRuleset(flushed, undefined).chains, [{ name: "nat" }]);
  const theirs = readTableListing([{ chain: { family: "ip", table: "meganat", name: "theirs" } }]);
  assert.deepEqual(listedRuleset(theirs, rules).chains, [{ name: "theirs", hook: null }]);
});
