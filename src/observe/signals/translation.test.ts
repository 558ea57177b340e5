import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../address/ipv4.ts";
import { pool } from "../../../test/fixtures/signals.ts";
import type { PoolSignal } from "../../diagnose/signals/translation.ts";
import { suppliesOf } from "./translation.ts";

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
