import assert from "node:assert/strict";
import { test } from "node:test";
import { foldStacks, IDLE, readFolded, USER, writeFolded } from "./fold.ts";

const FUNCTIONS: Readonly<Record<number, string>> = {
  1: "nf_hook_slow",
  2: "ip_forward",
  3: "do_idle",
  4: "pv_native_safe_halt",
  5: "handle_softirqs",
  6: "bpf_prog_0123456789abcdef_generate",
};

const symbols = {
  find: (address: bigint) => {
    const name = FUNCTIONS[Number(address)];
    return name === undefined ? undefined : { name, offset: 0 };
  },
};

void test("folds stacks from the outside in", () => {
  const folded = foldStacks(
    [
      { task: "node", samples: 3, frames: [1n, 2n] },
      { task: "node", samples: 2, frames: [1n, 2n] },
      { task: "node", samples: 4, frames: [] },
      { task: "swapper/0", samples: 7, frames: [4n, 3n] },
      { task: "swapper/1", samples: 1, frames: [1n, 5n, 3n] },
      { task: "a;b", samples: 1, frames: [6n, 99n] },
    ],
    symbols,
  );
  assert.deepEqual(Object.fromEntries(folded), {
    "node;ip_forward;nf_hook_slow": 5,
    [`node;${USER}`]: 4,
    [`swapper/0;${IDLE}`]: 7,
    "swapper/1;do_idle;handle_softirqs;nf_hook_slow": 1,
    "a:b;[kernel];eBPF:generate": 1,
  });
});

void test("writes and reads the same", () => {
  const stacks = new Map([
    ["node;ip forward;nf_hook_slow", 5],
    ["a;b", 1],
  ]);
  assert.equal(writeFolded(stacks), "a;b 1\nnode;ip forward;nf_hook_slow 5\n");
  assert.deepEqual(readFolded(writeFolded(stacks)), stacks);
  assert.deepEqual(readFolded("# a comment\n\na;b 1\na;b 2\n"), new Map([["a;b", 3]]));
});

void test("says which line is no folded stack", () => {
  assert.throws(() => readFolded("a;b 1\n<html>\n"), new RangeError("line 2 is no folded stack: <html>"));
});
