import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loaderWords, ownModule } from "./own-module.ts";

const OWNER = fileURLToPath(ownModule("../../test/fixtures/thread-owner", import.meta.url));

test("threads that are ended amid foreign calls do not take the process along, nor does its own end", () => {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...loaderWords(import.meta.url), OWNER], {
    encoding: "utf8",
  });
  assert.deepEqual({ status, signal, stdout, stderr }, { status: 0, signal: null, stdout: "done\n", stderr: "" });
});
