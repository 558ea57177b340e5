import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ruleset } from "./desired-state.ts";
import { fingerprint, parseRulesetComment, rulesetComment } from "./fingerprint.ts";

const RULESET: Pick<Ruleset, "counters" | "sets" | "chains"> = {
  counters: [{ name: "n", about: "packets" }],
  sets: [{ name: "s", key: "ipv4_addr", flags: [], elements: ["10.0.0.1", "10.0.0.2"], about: "set" }],
  chains: [
    { name: "c", hook: { type: "nat", hook: "prerouting", priority: "dstnat" }, rules: ["accept"], about: "chain" },
  ],
};

test("a fingerprint stays the same between versions unless its input does not", () => {
  // A change here makes every gateway in the field look changed: only with a reason.
  assert.equal(fingerprint(RULESET), "ddabd752e4d5d44b12fba446b13b7ab0f251add9853e04cb3944343fd26c3627");
});

test("explanations do not count, everything the kernel gets does", () => {
  const [set] = RULESET.sets;
  const [chain] = RULESET.chains;
  assert.ok(set !== undefined && chain?.hook !== undefined);
  const same = {
    counters: [{ name: "n", about: "other" }],
    sets: [{ ...set, about: "other" }],
    chains: [{ ...chain, about: "other" }],
  };
  assert.equal(fingerprint(same), fingerprint(RULESET));
  const different: readonly Pick<Ruleset, "counters" | "sets" | "chains">[] = [
    { ...RULESET, counters: [] },
    { ...RULESET, sets: [{ ...set, name: "t" }] },
    { ...RULESET, sets: [{ ...set, data: "ipv4_addr" }] },
    { ...RULESET, sets: [{ ...set, flags: ["interval"] }] },
    { ...RULESET, sets: [{ ...set, elements: ["10.0.0.1"] }] },
    { ...RULESET, chains: [{ ...chain, rules: ["drop"] }] },
    { ...RULESET, chains: [{ ...chain, rules: ["accept", "accept"] }] },
    { ...RULESET, chains: [{ ...chain, hook: { ...chain.hook, priority: "mangle" } }] },
    { ...RULESET, chains: [{ name: chain.name, rules: chain.rules }] },
  ];
  const digests = new Set([RULESET, ...different].map(fingerprint));
  assert.equal(digests.size, different.length + 1);
});

test("the table's comment carries name and fingerprint, and is read back", () => {
  const digits = fingerprint(RULESET).slice(0, 16);
  assert.equal(rulesetComment("campus", RULESET), `campus sha256:${digits}`);
  assert.deepEqual(parseRulesetComment(`a "b" sha256:${digits}`), { gateway: 'a "b"', digits });
  assert.equal(parseRulesetComment("made by hand"), undefined);
});

test("the comment of the longest name fits the kernel's 128 bytes", () => {
  const comment = rulesetComment("ü".repeat(500), RULESET);
  assert.ok(Buffer.byteLength(comment) <= 127, comment);
  assert.notEqual(parseRulesetComment(comment), undefined);
});
