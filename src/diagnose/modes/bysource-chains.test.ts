import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { PoolSignal } from "../signals/translation.ts";
import { mode } from "./bysource-chains.ts";

const MANY = { levels: { "conntrack.count": 3_000_000, "conntrack.max": 4_194_304, "conntrack.buckets": 4_194_304 } };

function pool(flags: readonly string[]): PoolSignal {
  const ranges = [{ first: "203.0.113.10", last: "203.0.113.13", ports: { first: 1024, last: 65_535 } }];
  return { rule: "1", text: "snat", program: "nft", number: 1, kind: "snat", mapped: false, flags, ranges };
}

const TABLE: readonly (readonly [
  what: string,
  changes: SignalChanges,
  pools: readonly PoolSignal[] | undefined,
  severity: string | undefined,
])[] = [
  ["an ordinary gateway", {}, undefined, undefined],
  ["a million in the kernel's own", { levels: { "conntrack.count": 1_000_000 } }, undefined, undefined],
  ["three million in the kernel's own", MANY, undefined, "risk"],
  ["ports are preserved", MANY, [pool([])], "risk"],
  ["ports are chosen at random", MANY, [pool(["fully-random"]), pool(["random"])], undefined],
  ["some are, some are not", MANY, [pool(["fully-random"]), pool(["persistent"])], "risk"],
  ["nothing is translated", { ...MANY, table: { translated: { source: 0, destination: 9 } } }, undefined, undefined],
  ["made large at boot", { ...MANY, host: { bysourceBuckets: 4_194_304 } }, undefined, undefined],
  ["small memory", { ...MANY, host: { bysourceBuckets: 65_536 } }, undefined, "degraded"],
];

for (const [what, changes, pools, severity] of TABLE) {
  test(`bysource-chains: ${what}`, () => {
    const found = mode.examine({ ...signals(changes), ...(pools === undefined ? {} : { pools }) });
    assert.deepEqual(
      found.map((one) => one.severity ?? mode.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

test("bysource-chains: says what it assumes, and asks for a size that is enough", () => {
  const host = { bysourceBuckets: 262_144, bysourceAssumed: true };
  const [found] = mode.examine(signals({ ...MANY, host }));
  assert.equal(
    found?.summary,
    "3,000,000 connections in 262,144 buckets (assumed): chains of 11.4 for each new connection to walk",
  );
  assert.match(found.fixes[1]?.commands?.[0] ?? "", /hashsize=4194304/);
});
