import assert from "node:assert/strict";
import { test } from "node:test";
import { readRuleset } from "../rules/read-ruleset.ts";
import type { WayWords } from "./explanation.ts";
import { traceWords, type TracedPacket } from "./traced.ts";

const RULE = { family: "ip", table: "fw", chain: "forward" } as const;
const RULES = readRuleset({
  nft: [
    { chain: { ...RULE, name: "forward", handle: 1, type: "filter", hook: "forward", prio: 0, policy: "drop" } },
    { rule: { ...RULE, handle: 4, expr: [{ accept: null }] } },
    { rule: { ...RULE, handle: 5, expr: [{ drop: null }] } },
  ],
  nftTexts: new Map([
    ["ip/fw/4", "accept"],
    ["ip/fw/5", "drop"],
  ]),
  elements: new Map(),
  saved: {},
});

const ENDS = {
  protocol: 17,
  source: "10.64.1.9",
  sourcePort: 4,
  destination: "198.51.100.80",
  destinationPort: 7,
  length: 46,
};

function packet(more: Partial<TracedPacket>): TracedPacket {
  return { direction: "packet", began: ENDS, ended: ENDS, incoming: "lan", outgoing: "wan", steps: [], ...more };
}

function foreseen(...handles: readonly number[]): WayWords {
  const rules = handles.map((handle) => ({
    id: `ip/fw/forward/${handle}`,
    place: `rule handle ${handle} of chain ip fw forward`,
    text: "",
    matches: "yes" as const,
  }));
  const step = { kind: "hook", hook: "forward", passes: "yes", rules, endings: [] } as const;
  return { packet: "first", from: "", steps: [step], end: "leaves", passes: "yes", text: "" };
}

const ACCEPTED = { kind: "rule", chainId: "ip/fw/forward", handle: 4, verdict: "accept" } as const;
const DROPPED = { kind: "rule", chainId: "ip/fw/forward", handle: 5, verdict: "drop" } as const;

test("a packet that leaves, as foreseen", () => {
  const words = traceWords(packet({ steps: [ACCEPTED], reached: "left" }), RULES, foreseen(4));
  assert.equal(words.from, "10.64.1.9:4 > 198.51.100.80:7, in by lan");
  assert.deepEqual(
    words.lines.map(({ hook, text }) => [hook, text]),
    [["forward", "rule handle 4 of chain ip fw forward: accept -> accept"]],
  );
  assert.equal(words.end, "left by wan as 10.64.1.9:4 > 198.51.100.80:7");
  assert.equal(words.dropped, false);
  assert.deepEqual(words.differences, []);
});

test("a packet that is dropped, otherwise than foreseen", () => {
  const words = traceWords(packet({ steps: [DROPPED] }), RULES, foreseen(4));
  assert.equal(words.end, "dropped by rule handle 5 of chain ip fw forward: drop");
  assert.equal(words.dropped, true);
  assert.deepEqual(words.differences, [
    "rule handle 4 of chain ip fw forward was foreseen to match, and did not",
    "rule handle 5 of chain ip fw forward matched, and was not foreseen to",
  ]);
});

test("a policy, a rule made since, and a packet that no rule ended", () => {
  const policy = traceWords(
    packet({ steps: [{ kind: "policy", chainId: "ip/fw/forward", verdict: "drop" }] }),
    RULES,
    undefined,
  );
  assert.equal(policy.end, "dropped by policy drop of chain ip fw forward");
  assert.equal(policy.differences, undefined);
  const fresh = traceWords(packet({ steps: [{ ...ACCEPTED, handle: 99 }] }), RULES, undefined);
  assert.equal(fresh.lines[0]?.text, "rule handle 99 of chain ip fw forward, made since the rules were read: accept");
  assert.equal(
    fresh.end,
    "lost after forward, by no rule: routing refused it, or a program took it; last seen as 10.64.1.9:4 > 198.51.100.80:7",
  );
});
