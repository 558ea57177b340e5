import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadModes } from "../../src/observe/doctor.ts";
import { loadFaults } from "../../src/lab/drill/load-faults.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const files = readdirSync(join(root, "src/diagnose/modes"));
const ids = files.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).map((name) => name.slice(0, -3));

void test("every failure mode has the name of its file, a test, a planted fault, and a page that the index links", async () => {
  const modes = await loadModes();
  assert.deepEqual(modes.map(({ id }) => id).toSorted(), ids.toSorted());
  const planted = new Set((await loadFaults()).map(({ id }) => id));
  const index = readFileSync(join(root, "docs/findings/README.md"), "utf8");
  const lacks = ids.flatMap((id) => [
    ...(files.includes(`${id}.test.ts`) ? [] : [`${id}: no test`]),
    ...(planted.has(id) ? [] : [`${id}: no planted fault`]),
    ...(existsSync(join(root, `docs/findings/${id}.md`)) ? [] : [`${id}: no page`]),
    ...(index.includes(`(${id}.md)`) ? [] : [`${id}: not in docs/findings/README.md`]),
  ]);
  assert.deepEqual(lacks, []);
});

void test("pages link only to pages that exist, and consequences are modes that exist", async () => {
  const pages = readdirSync(join(root, "docs/findings"));
  const broken = pages.flatMap((page) =>
    Array.from(readFileSync(join(root, "docs/findings", page), "utf8").matchAll(/\]\(([\w./-]+\.md)(?:#[\w-]+)?\)/g))
      .map(([, link = ""]) => link)
      .filter((link) => !existsSync(join(root, "docs/findings", link)))
      .map((link) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
  const modes = await loadModes();
  const unknown = modes.flatMap(({ consequences = [] }) => consequences.filter((id) => !ids.includes(id)));
  assert.deepEqual(unknown, []);
});
