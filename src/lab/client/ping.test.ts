import assert from "node:assert/strict";
import { test } from "node:test";
import { countPings } from "./ping.ts";

const CASES: readonly (readonly [output: string, sent: number, received: number])[] = [
  ["2 packets transmitted, 2 received, 0% packet loss, time 205ms", 2, 2],
  ["3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 403ms", 3, 0],
  ["3 packets transmitted, 1 packets received, 66% packet loss", 3, 1],
  ["ping: connect: Network is unreachable", 0, 0],
];

for (const [output, sent, received] of CASES) {
  test(`ping said: ${output}`, () => assert.deepEqual(countPings(output), { sent, received }));
}
