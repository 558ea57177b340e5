import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../address/ipv4.ts";
import { pool } from "../../../test/fixtures/signals.ts";
import type { PoolSignal } from "../../diagnose/signals/translation.ts";
import { readRuleset } from "../../diagnose/rules/read-ruleset.ts";
import { poolsOf } from "../../diagnose/translation/pools.ts";
import { suppliesOf, withRecordedSets } from "./translation.ts";

function of(first: string, last: string, ports: readonly [number, number], more: Partial<PoolSignal> = {}): PoolSignal {
  return pool({ ranges: [{ first, last, ports: { first: ports[0], last: ports[1] } }], ...more });
}

const texts = (pools: readonly PoolSignal[]): string[] =>
  suppliesOf(pools).map(
    ({ address, first, last, blockSize, protocols }) =>
      `${formatIpv4(address)} ${first}-${last}${blockSize === undefined ? "" : ` by ${blockSize}`}${protocols === undefined ? "" : ` of ${protocols.join()}`}`,
  );

test("the ports of every address, as the rules have them", () => {
  const any = of("203.0.113.9", "203.0.113.9", [1024, 65_535]);
  const cases: readonly (readonly [pools: readonly PoolSignal[], supplies: readonly string[]])[] = [
    [[of("203.0.113.8", "203.0.113.9", [2000, 2999])], ["203.0.113.8 2000-2999", "203.0.113.9 2000-2999"]],
    [[of("203.0.113.9", "203.0.113.9", [1024, 1279], { blockSize: 128 })], ["203.0.113.9 1024-1279 by 128"]],
    // A rule that names no ports, for what the first leaves, says nothing new.
    [[of("203.0.113.9", "203.0.113.9", [2000, 2999]), any], ["203.0.113.9 2000-2999"]],
    [[any, of("203.0.113.9", "203.0.113.9", [2000, 2999])], ["203.0.113.9 2000-2999"]],
    // Two rules: apart where they do not overlap, one where they do.
    [
      [of("203.0.113.9", "203.0.113.9", [2000, 2999]), of("203.0.113.9", "203.0.113.9", [3000, 3999])],
      ["203.0.113.9 2000-2999", "203.0.113.9 3000-3999"],
    ],
    [
      [of("203.0.113.9", "203.0.113.9", [2000, 2999]), of("203.0.113.9", "203.0.113.9", [2500, 3999])],
      ["203.0.113.9 2000-3999"],
    ],
    [
      [
        of("203.0.113.9", "203.0.113.9", [2000, 2999], { protocols: [6] }),
        of("203.0.113.9", "203.0.113.9", [2000, 3999], { protocols: [17] }),
      ],
      ["203.0.113.9 2000-2999 of 6", "203.0.113.9 2000-3999 of 17"],
    ],
    [[any], []],
    [[], []],
  ];
  for (const [pools, supplies] of cases) assert.deepEqual(texts(pools), supplies);
});

test("blocks that are too many to be read from the kernel are read from the record of what was applied", () => {
  const place = { family: "ip", table: "meganat" };
  const addr = { map: { key: { payload: { protocol: "ip", field: "saddr" } }, data: "@blocks_office" } };
  const rules = readRuleset({
    nft: [
      { chain: { ...place, name: "source_office", handle: 1 } },
      { map: { ...place, name: "blocks_office", handle: 2, type: "ipv4_addr", map: ["ipv4_addr", "inet_service"] } },
      { rule: { ...place, chain: "source_office", handle: 3, expr: [{ snat: { family: "ip", addr } }] } },
    ],
    nftTexts: new Map(),
    elements: new Map(),
    saved: {},
  });
  assert.deepEqual(poolsOf(rules, [])[0]?.ranges, []);
  const blocks = {
    name: "blocks_office",
    key: "ipv4_addr",
    data: "interval ipv4_addr . inet_service",
    flags: [],
    elements: ["10.0.0.1 : 203.0.113.8 . 1024-1151", "10.0.0.2 : 203.0.113.8 . 1152-1279"],
  };
  const ruleset = { family: "ip", table: "meganat", comment: "", counters: [], sets: [blocks], chains: [] } as const;
  const [found] = poolsOf(withRecordedSets(rules, { rules: { ruleset, tableComment: "", listing: {} } }), []);
  assert.equal(found?.blockSize, 128);
  assert.deepEqual(found.ranges, [{ first: "203.0.113.8", last: "203.0.113.8", ports: { first: 1024, last: 1279 } }]);
});
