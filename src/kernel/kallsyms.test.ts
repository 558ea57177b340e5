import assert from "node:assert/strict";
import { test } from "node:test";
import { SymbolTable } from "./kallsyms.ts";

const TEXT = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000100 t nf_hook_slow
ffffffff81000180 d a_variable
ffffffffc0000000 t nft_do_chain\t[nf_tables]
ffffffffc0001000 t bpf_prog_0123456789abcdef_count_drop\t[bpf]
`;

const cases: readonly (readonly [address: bigint, name: string | undefined, offset: number])[] = [
  [0xffffffff81000000n, "_stext", 0],
  [0xffffffff810000ffn, "_stext", 255],
  [0xffffffff81000100n, "nf_hook_slow", 0],
  [0xffffffff81000181n, "nf_hook_slow", 129],
  [0xffffffffc0000004n, "nft_do_chain", 4],
  [0xffffffffc0001abcn, "bpf_prog_0123456789abcdef_count_drop", 0xabc],
  [0xffffffffd0000000n, undefined, 0],
  [0xffffffff80ffffffn, undefined, 0],
  [0x00007f0000000000n, undefined, 0],
];

void test("the function an address lies in", () => {
  const table = SymbolTable.parse(TEXT);
  assert.equal(table.size, 5);
  for (const [address, name, offset] of cases) {
    const found = table.find(address);
    assert.deepEqual(found, name === undefined ? undefined : { name, offset }, address.toString(16));
  }
});

void test("no names when the kernel hides its addresses", () => {
  const table = SymbolTable.parse("0000000000000000 T _stext\n0000000000000000 t nf_hook_slow\n");
  assert.equal(table.size, 0);
  assert.equal(table.find(0xffffffff81000000n), undefined);
});
