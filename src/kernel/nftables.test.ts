import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { excerpt } from "./nftables.ts";
import { commentIn } from "./nftables-netlink.ts";

test("a short message of nft stays as it is", () => {
  const text = "/dev/stdin:1:29-29: Error: syntax error\ntable ip x { bogus; }\n                 ^\n";
  assert.equal(excerpt(text), text.trimEnd());
});

test("of a long line the part around the carets is left, and the carets still point at it", () => {
  const line = `${"a".repeat(5000)}WRONG${"b".repeat(5000)}`;
  const [head, part = "", carets = ""] = excerpt(
    `/dev/stdin:1:5001-5005: Error: no\n${line}\n${" ".repeat(5000)}^^^^^\n`,
  ).split("\n");
  assert.equal(head, "/dev/stdin:1:5001-5005: Error: no");
  assert.equal(part.length, 160);
  assert.equal(part.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1), "WRONG");
});

test("a thousand errors become twelve lines", () => {
  assert.equal(excerpt("x\n".repeat(1000)).split("\n").length, 12);
});

const USERDATA: readonly (readonly [string, string, string | undefined])[] = [
  ["a comment", "0004 61626300", "abc"],
  ["a comment behind something else", "0102 ffff 0004 61626300", "abc"],
  ["no comment", "0102 ffff", undefined],
  ["nothing", "", undefined],
  ["cut off in the header", "00", undefined],
  ["cut off in the value", "0009 6162", undefined],
  ["an empty comment", "0001 00", ""],
  ["no zero byte", "0002 6162", "ab"],
];

for (const [title, hex, expected] of USERDATA) {
  test(`user data: ${title}`, () => {
    assert.equal(commentIn(Buffer.from(hex.replaceAll(" ", ""), "hex")), expected);
  });
}

test("user data: any bytes end", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void commentIn(bytes)));
});
