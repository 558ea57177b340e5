import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCpuMask, parseCpuList, parseCpuMask } from "./cpu-set.ts";

/** [list, mask, CPUs] */
const SETS: readonly (readonly [string, string, readonly number[]])[] = [
  ["", "0", []],
  ["0", "1", [0]],
  ["0-1", "3", [0, 1]],
  ["0-3,8", "10f", [0, 1, 2, 3, 8]],
  ["31", "80000000", [31]],
  ["31-32", "1,80000000", [31, 32]],
  ["1,70", "40,00000000,00000002", [1, 70]],
];

void test("sets of CPUs, as the kernel writes them", () => {
  for (const [list, mask, cpus] of SETS) {
    assert.deepEqual(parseCpuList(list), cpus);
    assert.deepEqual(parseCpuMask(mask), cpus);
    assert.equal(formatCpuMask(cpus), mask);
  }
  assert.deepEqual(parseCpuMask("00000000,00000003\n"), [0, 1]);
});
