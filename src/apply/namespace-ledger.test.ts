import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { KernelError } from "../kernel/error.ts";
import { NamespaceLedger } from "./namespace-ledger.ts";

const KIND = { file: "fixes", entries: "fixes", words: "fixes" };

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "meganat-ledger-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("entries are kept, for whoever opens the ledger next", (t) => {
  const place = directory(t);
  new NamespaceLedger<string>(KIND, undefined, place).locked("change something", () => {
    new NamespaceLedger<string>(KIND, undefined, place).write(["one"]);
  });
  assert.deepEqual(new NamespaceLedger<string>(KIND, undefined, place).read(), ["one"]);
});

test("where the record cannot be kept or read the error says of what, where, and what is needed", (t) => {
  const file = join(directory(t), "a-file");
  writeFileSync(file, "");
  const ledger = new NamespaceLedger<string>(KIND, undefined, file);
  const says =
    (verb: string) =>
    (error: unknown): boolean => {
      assert.ok(error instanceof KernelError);
      assert.match(
        error.message,
        new RegExp(`^cannot ${verb} the record of fixes in ${file}/\\S+: ENOTDIR: not a directory`),
      );
      assert.match(error.remedy, /^run as root, or let MEGANAT_STATE_DIRECTORY name a directory/);
      return true;
    };
  assert.throws(() => ledger.read(), says("read"));
  assert.throws(() => ledger.write(["one"]), says("keep"));
});
