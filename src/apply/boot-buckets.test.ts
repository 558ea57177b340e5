import assert from "node:assert/strict";
import { test } from "node:test";
import { bootBuckets } from "./boot-buckets.ts";

test("slots of nf_nat_bysource, as far as they can be known", () => {
  const GIB = 2 ** 30;
  const cases = [
    ["a large host as it booted", 16 * GIB, "262144", undefined, 262_144],
    ["a small one", 2 * GIB, "65536", undefined, 65_536],
    ["a tiny one", GIB / 2, "4096", undefined, 4096],
    ["raised by apply", 16 * GIB, "4194304", "262144", 262_144],
    ["raised by somebody", 16 * GIB, "4194304", undefined, undefined],
    ["asked for at boot", 16 * GIB, "4194304", undefined, 4_194_304, 4_194_304],
    ["asked for, but for the next boot", 16 * GIB, "262144", undefined, 262_144, 4_194_304],
    ["no connection tracking", 16 * GIB, undefined, undefined, undefined],
  ] as const;
  for (const [what, memory, now, before, slots, asked] of cases) {
    assert.equal(bootBuckets(memory, now, before, asked), slots, what);
  }
});
