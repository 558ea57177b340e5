import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./clash-race.ts";

function portUse(occupancy: number, refusalChance: number): NonNullable<SignalChanges["table"]> {
  const ports = { first: 1024, last: 65_535 };
  const use = { address: "203.0.113.10", protocol: 17, destination: "198.51.100.9", destinationPort: 53, ports };
  const used = Math.round(64_512 * occupancy);
  return { portUse: [{ ...use, used, occupancy, refusalChance, subscribers: [] }] };
}

const RACING = {
  drops: [drop("port-exhaustion", 140)],
  deltas: { "conntrack.insertFailed": 140, "conntrack.drop": 140, "conntrack.clashResolve": 12 },
};

const TABLE: readonly (readonly [what: string, changes: SignalChanges, lost: number | undefined])[] = [
  ["an ordinary gateway", {}, undefined],
  ["connections lost, ports free", RACING, 140],
  ["connections lost, ports half taken", { ...RACING, table: portUse(0.5, 0) }, 140],
  ["connections lost, ports used up", { ...RACING, table: portUse(0.99, 0.08) }, undefined],
  ["races solved without loss", { deltas: { "conntrack.clashResolve": 500 } }, undefined],
  ["one lost now and then", { ...RACING, drops: [drop("port-exhaustion", 3)] }, undefined],
  ["only the counters tell", { without: ["drops"], deltas: RACING.deltas }, 140],
  [
    "only the counters tell, of chains too long",
    { without: ["drops"], deltas: { "conntrack.insertFailed": 140, "conntrack.chainTooLong": 140 } },
    undefined,
  ],
];

for (const [what, changes, lost] of TABLE) {
  test(`clash-race: ${what}`, () => {
    assert.deepEqual(
      mode.examine(signals(changes)).map(({ lostPackets }) => lostPackets),
      lost === undefined ? [] : [lost],
    );
  });
}

test("clash-race: names connections as they were, and what they wanted to be", () => {
  const before = { source: "10.64.1.9", sourcePort: 40_000, destination: "198.51.100.9", destinationPort: 53 };
  const after = { ...before, source: "203.0.113.10" };
  const headers = [header("conntrack", { ...after, translation: { before, after } })];
  const rows = (changes: SignalChanges) => mode.examine(signals({ ...RACING, headers, ...changes }))[0]?.top?.rows;
  assert.deepEqual(rows({}), ["10.64.1.9:40000 to 198.51.100.9:53, as 203.0.113.10:40000"]);
  // It may be one of those that the full table cost.
  assert.equal(rows({ drops: [...RACING.drops, drop("table-full", 900)] }), undefined);
});
