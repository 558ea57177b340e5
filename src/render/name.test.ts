import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commentText, identifier, quoteInterface, quoteInterfaces } from "./name.ts";

const IDENTIFIERS: readonly (readonly [name: string, identifier: RegExp])[] = [
  ["campus", /^from_campus$/],
  ["fwd", /^from_fwd$/],
  ["7-staff.wing_b", /^from_7-staff\.wing_b$/],
  ["a b", /^from_a-b-[0-9a-f]{8}$/],
  ["a-b", /^from_a-b$/],
  ["café", /^from_caf-[0-9a-f]{8}$/],
  ["日本", /^from_-[0-9a-f]{8}$/],
  ["-x", /^from_x-[0-9a-f]{8}$/],
  // It could be what another name became.
  ["a-b-0123abcd", /^from_a-b-0123abcd-[0-9a-f]{8}$/],
  ["x".repeat(40), /^from_x{40}$/],
  ["x".repeat(41), /^from_x{30}-[0-9a-f]{8}$/],
];

for (const [name, expected] of IDENTIFIERS) {
  test(`the identifier of ${JSON.stringify(name)}`, () => assert.match(identifier("from_", name), expected));
}

test("two names never share an identifier, and nft can read every one", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("a", "B", "-", ".", " ", "1", "ü") }),
  );
  fc.assert(
    fc.property(name, name, (a, b) => {
      assert.match(identifier("from_", a), /^from_[A-Za-z0-9_.-]{1,40}$/);
      assert.equal(identifier("from_", a) === identifier("from_", b), a === b);
    }),
  );
});

test("comments lose what nft cannot quote and are cut between characters", () => {
  assert.equal(commentText('a "b"\n\tc'), "a 'b'  c");
  assert.equal(commentText("é".repeat(80)), "é".repeat(60));
  assert.equal(commentText(`a${"é".repeat(80)}`), `a${"é".repeat(59)}`);
  assert.equal(commentText("abcdef", 4), "abcd");
});

test("interface names are quoted, wildcards made literal, the impossible refused", () => {
  assert.equal(quoteInterface("bond0.100"), '"bond0.100"');
  assert.equal(quoteInterface("odd*"), '"odd\\*"');
  assert.equal(quoteInterfaces(["wan"]), '"wan"');
  assert.equal(quoteInterfaces(["wan", "wan2", "wan"]), '{ "wan", "wan2" }');
  for (const name of ["", 'a"b', "a b", "a\\b"]) assert.throws(() => quoteInterface(name), RangeError, name);
});
