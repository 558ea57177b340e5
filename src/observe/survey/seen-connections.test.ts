import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SeenConnections } from "./seen-connections.ts";

test("whatever was added is there", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 0xffffffff })), (ids) => {
      const seen = new SeenConnections(ids.length);
      for (const id of ids) seen.add(id);
      for (const id of ids) assert.ok(seen.has(id));
    }),
  );
});

test("what was not added is not there, but for as many as it says", () => {
  const [known, others] = [100_000, 100_000];
  // The kernel's ids are a hash: any good mixing will do.
  const id = (n: number): number => (Math.imul(n ^ (n >>> 16), 0x9e3779b1) ^ (Math.imul(n, 0x85ebca6b) >>> 13)) >>> 0;
  const seen = new SeenConnections(known);
  for (let n = 0; n < known; n++) seen.add(id(n));
  let mistaken = 0;
  for (let n = known; n < known + others; n++) if (seen.has(id(n))) mistaken++;
  assert.ok(seen.missed > 0.02 && seen.missed < 0.0625, `${seen.missed}`);
  assert.ok(Math.abs(mistaken / others - seen.missed) < 0.02, `${mistaken / others} and not ${seen.missed}`);
});

test("empty", () => {
  const seen = new SeenConnections(0);
  assert.deepEqual([seen.has(0), seen.has(0xffffffff), seen.missed], [false, false, 0]);
});
