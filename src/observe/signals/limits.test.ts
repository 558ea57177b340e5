import assert from "node:assert/strict";
import { test } from "node:test";
import type { RefusalSignal, ShapedSignal, Signals } from "../../diagnose/signals.ts";
import { signals } from "../../../test/fixtures/signals.ts";
import type { LimitUse } from "../limits.ts";
import { hasLimits, limitSignals, NO_LIMITS } from "./limits.ts";

function use(connections: number, rate: number, drops: number): LimitUse {
  const held = [
    { class: "4d4e:105", address: "10.64.1.5", bytes: 0, drops, backlogBytes: 0 },
    { class: "4d4e:1", bytes: 0, drops, backlogBytes: 0 },
  ];
  return {
    refused: [{ address: "10.64.1.5", connections, rate }],
    shaped: [{ interface: "wan", classes: 2, bytes: 0, drops, backlogBytes: 0, held }],
  };
}

const refusals = (packets: number, total: number): RefusalSignal[] => [
  { address: "10.64.1.5", limit: "connections", packets, total },
];
const shaped = (drops: number, total: number): ShapedSignal[] => [
  { interface: "wan", held: [{ address: "10.64.1.5", drops, total }] },
];

const TABLE: [
  what: string,
  before: LimitUse | Signals | undefined,
  now: LimitUse | undefined,
  refused: RefusalSignal[],
  held: ShapedSignal[],
][] = [
  ["no limits", undefined, undefined, [], []],
  ["limits that were not there before", undefined, use(40, 0, 7), refusals(40, 40), shaped(7, 7)],
  ["two readings", use(30, 0, 5), use(40, 0, 7), refusals(10, 40), shaped(2, 7)],
  ["limits that were made anew meanwhile", use(30, 0, 5), use(4, 0, 1), refusals(4, 4), shaped(1, 1)],
  [
    "an earlier look",
    signals({ refusals: refusals(1, 30), shaped: shaped(1, 5) }),
    use(40, 0, 7),
    refusals(10, 40),
    shaped(2, 7),
  ],
];

for (const [what, before, now, refused, held] of TABLE) {
  test(what, () => {
    assert.deepEqual(limitSignals(before, now), { refusals: refused, shaped: held });
  });
}

test("both kinds of refusals are told apart", () => {
  const { refusals: found } = limitSignals(use(30, 1, 0), use(40, 5, 0));
  assert.deepEqual(
    found.map(({ limit, packets, total }) => [limit, packets, total]),
    [
      ["connections", 10, 40],
      ["rate", 4, 5],
    ],
  );
});

test("where nothing can be limited nobody looks", () => {
  const reading = { kind: "counter", bits: 64, value: 0 } as const;
  assert.equal(hasLimits({ "queue.wan.root": "fq_codel" }, { "conntrack.count": reading }), false);
  assert.equal(hasLimits({ "queue.wan.root": "htb" }, {}), true);
  assert.equal(hasLimits({}, { "counter.ip/meganat/refused_rate.packets": reading }), true);
  assert.deepEqual(NO_LIMITS, { refusals: [], shaped: [] });
});
