import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { downloadBlocks, downloadDigest } from "./http-service.ts";

test("a download has as many bytes as asked for and the digest that is announced", () => {
  for (const bytes of [0, 1, 65_536, 65_537, 65_538, 200_000]) {
    const body = Buffer.concat([...downloadBlocks(bytes)]);
    assert.equal(body.length, bytes);
    assert.equal(downloadDigest(bytes), `sha-256=:${createHash("sha256").update(body).digest("base64")}:`);
  }
});

test("pieces in another order give another digest", () => {
  const [first, second] = [...downloadBlocks(100_000)].map((block) => Buffer.from(block));
  assert.ok(first !== undefined && second !== undefined);
  const swapped = createHash("sha256").update(second).update(first).digest("base64");
  assert.notEqual(downloadDigest(100_000), `sha-256=:${swapped}:`);
});
