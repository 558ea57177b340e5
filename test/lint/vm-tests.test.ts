import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** A copy of the checkout for the tests has what is compiled beside its source. */
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `${folder}/${name}`);

void test("every test of the virtual machine is marked in its list, and what is marked is there", () => {
  const lines = readFileSync(join(root, "test/vm/tests.list"), "utf8").split("\n");
  const listed = lines.filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of listed) {
    const [, path] = /^(?:quick|long) +(test\/\S+\.test\.ts) +# ./.exec(line) ?? assert.fail(line);
    assert.ok(path !== undefined && existsSync(join(root, path)), line);
  }
  for (const path of [...sources("test/vm"), ...sources("test/vm/inside")])
    assert.ok(
      listed.some((line) => line.includes(` ${path} `)),
      `${path} would never run`,
    );
});
