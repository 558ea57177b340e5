import assert from "node:assert/strict";
import { test } from "node:test";
import { hashSizeOption } from "./boot-hash-size.ts";

const TABLE: readonly (readonly [text: string, size: number | undefined])[] = [
  ["options nf_conntrack hashsize=1048576\n", 1_048_576],
  ["# sized for the campus\n  options nf_conntrack acct=1 hashsize=65536\n", 65_536],
  ["options nf_conntrack nf_conntrack_helper=0\n", undefined],
  ["options nf_conntrack_ftp hashsize=5\n", undefined],
  ["#options nf_conntrack hashsize=5\n", undefined],
  ["install nf_conntrack modprobe hashsize=5\n", undefined],
  ["", undefined],
];

for (const [text, size] of TABLE) {
  test(`hash size in ${JSON.stringify(text)}`, () => assert.equal(hashSizeOption(text), size));
}
