import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { enumNames } from "./btf.ts";
import { KernelError } from "./error.ts";

/** BTF with an int, a struct of one member, an array, a function with one parameter, and the enumeration wanted. */
function btf(little: boolean): Buffer {
  const strings = ["", "int", "thing", "drop_reason", "NOT_YET", "RULE"];
  const offsets = strings.map((_, i) => strings.slice(0, i).reduce((sum, text) => sum + text.length + 1, 0));
  const [, int = 0, thing = 0, wanted = 0, first = 0, second = 0] = offsets;
  const kind = (number: number, count: number): number => (number << 24) | count;
  const types = [
    [int, kind(1, 0), 4, 32],
    [thing, kind(4, 1), 4, int, 1, 0],
    [0, kind(3, 0), 0, 1, 1, 3],
    [0, kind(13, 1), 1, int, 1],
    [wanted, kind(6, 2), 4, first, 0, second, 12],
  ].flat();
  const text = Buffer.from(`${strings.join("\0")}\0`);
  const words = [24, 0, types.length * 4, types.length * 4, text.length, ...types];
  const bytes = Buffer.alloc(4 + words.length * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(0, 0xeb9f, little);
  for (const [i, word] of words.entries()) view.setUint32(4 + i * 4, word, little);
  return Buffer.concat([bytes, text]);
}

for (const little of [true, false]) {
  void test(`names of an enumeration, ${little ? "little" : "big"}-endian`, () => {
    const names = enumNames(btf(little), "drop_reason");
    assert.deepEqual(
      names,
      new Map([
        [0, "NOT_YET"],
        [12, "RULE"],
      ]),
    );
    assert.equal(enumNames(btf(little), "thing"), undefined);
  });
}

void test("damaged bytes give an error of ours or an answer, never another error", () => {
  fc.assert(
    fc.property(fc.nat(btf(true).length - 1), fc.nat(255), fc.nat(btf(true).length), (at, value, length) => {
      const bytes = btf(true);
      bytes[at] = value;
      try {
        enumNames(bytes.subarray(0, length), "drop_reason");
      } catch (error) {
        assert.ok(error instanceof KernelError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
