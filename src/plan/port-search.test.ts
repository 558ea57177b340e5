import assert from "node:assert/strict";
import { test } from "node:test";
import { findsLastPort, takesOverPorts } from "./port-search.ts";

test("kernels that let go of the ports of ended connections", () => {
  const releases = ["5.10.0-28-amd64", "6.1.0-18-amd64", "6.4.9", "6.5.0", "6.12.3-arch1", "7.0.1", "what"];
  assert.deepEqual(releases.map(takesOverPorts), [false, false, false, true, true, true, false]);
});

test("the last free port is found in powers of two up to 128", () => {
  const sizes = [0, 1, 2, 32, 63, 64, 100, 127, 128, 129, 256, 64_512];
  assert.deepEqual(sizes.filter(findsLastPort), [1, 2, 32, 64, 128]);
});

test("the kernel's count in 16 bits goes once through a range if its size divides 65,536", () => {
  const missed = (size: number): number => {
    let starts = 0;
    for (let start = 0; start < 65_536; start++) {
      const seen = new Set<number>();
      for (let i = 0; i < size; i++) seen.add(((start + i) & 0xffff) % size);
      if (seen.size < size) starts++;
    }
    return starts;
  };
  assert.deepEqual([32, 64, 128, 96, 100, 127].map(missed), [0, 0, 0, 95, 99, 126]);
});
