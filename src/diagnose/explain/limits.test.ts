import assert from "node:assert/strict";
import { test } from "node:test";
import { limitRules } from "../../../test/fixtures/limit-rules.ts";
import { signals } from "../../../test/fixtures/signals.ts";
import type { RefusalSignal } from "../signals.ts";
import { limitsOf } from "./limits.ts";
import type { Limit } from "./explanation.ts";
import type { HookStep, Way } from "./way.ts";

const RULES = limitRules();

/** The way of a subscriber's first packet that comes to the limits of a chain. */
function wayOf(source: string, chain: string): Way {
  const packet = { protocol: 17, source, destination: "198.51.100.9", sourcePort: 1000, destinationPort: 7 };
  const hits = (RULES.chains.get(`ip/meganat/${chain}`)?.rules ?? []).map((rule) => ({
    rule,
    matches: "perhaps" as const,
  }));
  const step = { kind: "hook", hook: "forward", before: packet, result: { hits } } as unknown as HookStep;
  return { packet, steps: [step], end: "leaves", after: packet } as unknown as Way;
}

const PLACE = "limits.per-subscriber.connections";
const HAVE = `10.64.1.5 may have 500 connections (${PLACE})`;
const RAISE = `raise ${PLACE} of the gateway file, or give 10.64.1.5 a group of its own there, then run meganat apply`;
const refused = (packets: number): RefusalSignal => ({
  address: "10.64.1.5",
  limit: "connections",
  packets,
  total: 90,
});

const TABLE: [what: string, held: number | undefined, refusals: RefusalSignal[], expected: Limit][] = [
  [
    "a subscriber with room",
    499,
    [refused(0)],
    { id: "subscriber-limit", state: "room", text: `${HAVE}, and has 499 in the table; 90 packets were refused` },
  ],
  [
    "one that is being refused",
    500,
    [refused(40)],
    {
      id: "subscriber-limit",
      state: "refuses",
      text: `${HAVE}, and has 500 in the table; 40 packets were refused in the last 2.0 s`,
      remedy: RAISE,
    },
  ],
  [
    "one with as many as it may have, some perhaps from before the limit",
    500,
    [],
    { id: "subscriber-limit", state: "may-refuse", text: `${HAVE}, and has 500 in the table`, remedy: RAISE },
  ],
  [
    "nobody counted",
    undefined,
    [refused(40)],
    {
      id: "subscriber-limit",
      state: "may-refuse",
      text: `${HAVE}; 40 packets were refused in the last 2.0 s`,
      remedy: RAISE,
    },
  ],
];

function limitsIn(
  source: string,
  chain: string,
  refusals: readonly RefusalSignal[],
  held: number | undefined,
): Limit[] {
  const facts = { signals: signals({ refusals }), way: wayOf(source, chain), translations: [], portUse: [] };
  const all = limitsOf({ ...facts, ...(held === undefined ? {} : { connectionsOfSource: held }) });
  return all.filter(({ id }) => id === "subscriber-limit");
}

for (const [what, held, refusals, expected] of TABLE) {
  test(`a limit of connections: ${what}`, () => {
    assert.deepEqual(limitsIn("10.64.1.5", "limit_everybody", refusals, held), [expected]);
  });
}

test("a limit of new connections: how many were begun just now nobody tells", () => {
  const place = "per-subscriber.new-connections of group lab-a in limits";
  const text = `10.64.2.5 may begin 10 new connections a second, 40 at once (${place})`;
  const quiet = limitsIn("10.64.2.5", "limit_group_lab-a", [], 3).find((limit) => limit.text.startsWith(text));
  assert.deepEqual(quiet, { id: "subscriber-limit", state: "may-refuse", text });
  const fast: RefusalSignal = { address: "10.64.2.5", limit: "rate", packets: 7, total: 7 };
  const told = limitsIn("10.64.2.5", "limit_group_lab-a", [fast], 3).find((limit) => limit.text.startsWith(text));
  assert.equal(told?.text, `${text}; 7 packets were refused in the last 2.0 s`);
  assert.match(told?.remedy ?? "", /^raise per-subscriber\.new-connections of group lab-a/);
});
