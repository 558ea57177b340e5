import assert from "node:assert/strict";
import { test } from "node:test";
import { headerFields } from "./header-fields.ts";

const ADDRESSES = "0a0000010a000002";
const SYN_ACK = "0016c00000000001000000025012ffff00000000";

const CASES: readonly [string, string, ReturnType<typeof headerFields>][] = [
  ["TCP", `450000280000400040060000${ADDRESSES}${SYN_ACK}`, { ttl: 64, dontFragment: true, tcpFlags: ["syn", "ack"] }],
  ["a later fragment of TCP", `450000280000000a3f060000${ADDRESSES}${SYN_ACK}`, { ttl: 63, dontFragment: false }],
  ["UDP", `4500001c0000000001110000${ADDRESSES}0016c00000080000`, { ttl: 1, dontFragment: false }],
  ["TCP cut short", `450000280000000040060000${ADDRESSES}0016c000`, { ttl: 64, dontFragment: false }],
  ["IPv6", `60${"00".repeat(39)}`, undefined],
  ["nothing", "", undefined],
];

for (const [name, hex, expected] of CASES) {
  test(name, () => assert.deepEqual(headerFields(Buffer.from(hex, "hex")), expected));
}
