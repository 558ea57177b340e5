import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sourcePlaces } from "./source-places.ts";

test("a stack names the sources where a map leads to them, and stays as it is elsewhere", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "meganat-places-"));
  t.after(() => rmSync(folder, { recursive: true }));
  // The second line of the bundle is the first line of the source.
  const map = { version: 3, sources: ["../src/a.ts"], names: [], mappings: ";AAAA" };
  writeFileSync(join(folder, "b.js.map"), JSON.stringify(map));
  const stack = `Error: no\n    at run (${folder}/b.js:2:1)\n    at node:internal/x:1:2\n    at ${folder}/c.js:2:1`;
  const source = join(folder, "../src/a.ts");
  const expected = `Error: no\n    at run (${source}:1:1)\n    at node:internal/x:1:2\n    at ${folder}/c.js:2:1`;
  assert.equal(sourcePlaces(stack), expected);
});
