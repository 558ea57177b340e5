import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuMask } from "./receive-steering.ts";

void test("the kernel's mask of one CPU", () => {
  const masks: [number, string][] = [
    [0, "1"],
    [1, "2"],
    [5, "20"],
    [31, "80000000"],
    [32, "1,00000000"],
    [70, "40,00000000,00000000"],
  ];
  for (const [cpu, mask] of masks) assert.equal(cpuMask(cpu), mask);
});
