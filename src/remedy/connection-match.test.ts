import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionFilter } from "../diagnose/finding.ts";
import type { FlowFilter } from "../observe/flows/filter.ts";
import { flowFilterOf } from "./connection-match.ts";

/** [as a finding says it, as the reader of the table wants it] */
const CASES: readonly (readonly [ConnectionFilter, FlowFilter])[] = [
  [{}, {}],
  [{ source: "10.0.0.1" }, { source: { v4: { first: 0x0a000001, last: 0x0a000001 } } }],
  [{ replyDestination: "10.0.0.0/24" }, { replyDestination: { v4: { first: 0x0a000000, last: 0x0a0000ff } } }],
  [
    { protocol: 17, destinationPort: 53 },
    { protocol: 17, destinationPort: { first: 53, last: 53 } },
  ],
  [
    { zone: 7, sourcePort: 9 },
    { zone: 7, sourcePort: { first: 9, last: 9 } },
  ],
  [{ without: ["snat"] }, { status: { value: 0, mask: 16 } }],
  [{ with: ["dnat"], without: ["seen-reply"] }, { status: { value: 32, mask: 34 } }],
];

void test("a finding's filter becomes one of the connection table", () => {
  for (const [filter, flow] of CASES) assert.deepEqual(flowFilterOf(filter), flow);
  assert.throws(() => flowFilterOf({ source: "ten" }), /not an address: ten/);
  assert.throws(() => flowFilterOf({ with: ["odd"] }), /not a status of connections: odd/);
});
