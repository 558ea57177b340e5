import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { limitRules } from "../../../test/fixtures/limit-rules.ts";
import type { RefusalSignal, Signals } from "../signals.ts";
import { mode } from "./subscriber-limit.ts";
import { mode as ruleDrop } from "./rule-drop.ts";

function looked(refusals: readonly RefusalSignal[], more: SignalChanges = {}): Signals {
  return { ...signals({ refusals, ...more }), rules: limitRules() };
}

const refusal = (address: string, packets: number, limit: RefusalSignal["limit"] = "connections"): RefusalSignal => ({
  address,
  limit,
  packets,
  total: packets + 100,
});

const several = (count: number): RefusalSignal[] =>
  Array.from({ length: count }, (_, host) => refusal(`10.64.1.${host + 1}`, 100 - host));

type Seen = [subject: string | undefined, severity: string | undefined, summary: string, file: string | undefined];

const TABLE: [what: string, refusals: RefusalSignal[], found: Seen[]][] = [
  ["nobody was refused", [], []],
  ["somebody was, but not now", [refusal("10.64.1.5", 0)], []],
  [
    "one subscriber has its connections",
    [refusal("10.64.1.5", 400)],
    [
      [
        "limits.per-subscriber.connections",
        "note",
        "10.64.1.5 has used up its 500 connections (limits.per-subscriber.connections): 400 packets of new ones refused in 2.0 s",
        "limits:\n  groups:\n    - name: NAME\n      members: 10.64.1.5\n      per-subscriber: { connections: 1000 }",
      ],
    ],
  ],
  [
    "one of a group begins them too fast",
    [refusal("10.64.2.5", 40, "rate")],
    [
      [
        "per-subscriber.new-connections of group lab-a in limits",
        "note",
        "10.64.2.5 begins connections faster than its 10 a second (per-subscriber.new-connections of group lab-a in limits): 40 packets of new ones refused in 2.0 s",
        "limits:\n  groups:\n    - name: lab-a\n      per-subscriber: { new-connections: { rate: 20/s, burst: 80 } }",
      ],
    ],
  ],
  [
    "each limit is a finding of its own, the one that refuses most first",
    [refusal("10.64.1.5", 10), refusal("10.64.2.5", 40), refusal("10.64.2.6", 30)],
    [
      [
        "per-subscriber.connections of group lab-a in limits",
        "note",
        "10.64.2.5 and 10.64.2.6 have used up their 20 connections (per-subscriber.connections of group lab-a in limits): 70 packets of new ones refused in 2.0 s",
        "limits:\n  groups:\n    - name: lab-a\n      per-subscriber: { connections: 40 }",
      ],
      [
        "limits.per-subscriber.connections",
        "note",
        "10.64.1.5 has used up its 500 connections (limits.per-subscriber.connections): 10 packets of new ones refused in 2.0 s",
        "limits:\n  groups:\n    - name: NAME\n      members: 10.64.1.5\n      per-subscriber: { connections: 1000 }",
      ],
    ],
  ],
  [
    "many at once: the limit is for all to raise",
    several(12),
    [
      [
        "limits.per-subscriber.connections",
        "degraded",
        "10.64.1.1, 10.64.1.2, 10.64.1.3 and 9 others have used up their 500 connections (limits.per-subscriber.connections): 1,134 packets of new ones refused in 2.0 s",
        "limits:\n  per-subscriber: { connections: 1000 }",
      ],
    ],
  ],
  [
    "whose limit it is cannot be told",
    [refusal("10.99.1.5", 10)],
    [
      [
        "connections",
        "note",
        "10.99.1.5 has used up its connections (a limit of the gateway file): 10 packets of new ones refused in 2.0 s",
        undefined,
      ],
    ],
  ],
];

for (const [what, refusals, expected] of TABLE) {
  test(what, () => {
    const found = mode.examine(looked(refusals));
    assert.deepEqual(
      found.map(({ subject, severity, summary, fixes }): Seen => [
        subject,
        severity,
        summary,
        fixes.find(({ file }) => file !== undefined)?.file,
      ]),
      expected,
    );
  });
}

test("it explains what its rules drop, which is nobody else's then", () => {
  const changes = {
    drops: [drop("rule", 400, { location: "nft_do_chain" })],
    deltas: { "rule.ip/meganat/refuse_connections/40.packets": 400 },
  };
  const seen = looked([refusal("10.64.1.5", 300), refusal("10.64.2.5", 100)], changes);
  assert.deepEqual(
    mode.examine(seen).map(({ explains }) => explains),
    [[{ cause: "rule", packets: 300 }], [{ cause: "rule", packets: 100 }]],
  );
  assert.deepEqual(ruleDrop.examine(seen), []);
  // A recording of before anybody looked at the limits.
  const { refusals: _refusals, ...without } = seen;
  assert.equal(ruleDrop.examine(without).length, 1);
});
