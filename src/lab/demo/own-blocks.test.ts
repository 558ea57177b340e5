import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv4 } from "../../address/ipv4.ts";
import { allocateBlocks } from "../../plan/port-blocks.ts";
import { checkBlocks } from "./own-blocks.ts";

function ip(text: string): number {
  return parseIpv4(text) ?? assert.fail(text);
}

const blocks = allocateBlocks({
  size: 128,
  ports: { first: 1024, last: 65535 },
  addresses: [ip("61.138.177.3")],
  subscribers: [{ first: ip("10.0.0.1"), last: ip("10.0.0.4") }],
  listening: [],
});

function seen(subscriber: string, publicAddress: string, first: number, last: number) {
  return { subscriber: ip(subscriber), publicAddress: ip(publicAddress), ports: { first, last } };
}

test("who keeps to its block, and who does not", () => {
  const cases = [
    ["the whole block", [seen("10.0.0.1", "61.138.177.3", 1024, 1151)], 0, 1, 0],
    ["a part of it", [seen("10.0.0.2", "61.138.177.3", 1160, 1170)], 0, 1, 0],
    ["one port too low", [seen("10.0.0.2", "61.138.177.3", 1151, 1170)], 0, 0, 1],
    ["one port too high", [seen("10.0.0.2", "61.138.177.3", 1152, 1280)], 0, 0, 1],
    ["another address", [seen("10.0.0.1", "61.138.177.4", 1024, 1151)], 0, 0, 1],
    ["a stranger", [seen("10.0.0.9", "61.138.177.3", 1024, 1151)], 0, 0, 1],
    ["a second address later on", [seen("10.0.0.1", "61.138.177.3", 1024, 1151)], 3, 1, 3],
  ] as const;
  for (const [what, mappings, moved, kept, left] of cases) {
    assert.deepEqual(checkBlocks({ blocks }, { mappings, moved }), { ports: 128, kept, left }, what);
  }
  assert.equal(checkBlocks({}, { mappings: [], moved: 0 }), undefined);
});
