import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";
import { meganat, ROOT } from "./run-meganat.ts";

const NOBODY = 65_534;

test(
  "doctor --undo says what was not done and what it needs, and of a fix that is not there as well",
  NEEDS_ROOT,
  (t) => {
    const directory = mkdtempSync(join(tmpdir(), "meganat-doctor-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const env = { MEGANAT_STATE_DIRECTORY: directory };
    const words = ["doctor", "--undo", "established-timeout"];
    assert.deepEqual(meganat(words, { env }), {
      status: 1,
      stdout: "",
      stderr:
        "error[fix-unknown]: no fix of established-timeout is in force here\n  remedy: nothing is to be taken back\n",
    });

    // Not another user: the checkout may be where only root can read.
    chownSync(directory, NOBODY, NOBODY);
    chmodSync(directory, 0o755);
    rmSync(join(directory, "host"), { recursive: true, force: true });
    const powerless = "--bounding-set=-all --inh-caps=-all --no-new-privs --".split(" ");
    const { status, stdout, stderr } = spawnSync("setpriv", [...powerless, join(ROOT, "bin/meganat"), ...words], {
      encoding: "utf8",
      env: { ...process.env, ...env, NO_COLOR: "" },
    });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(
      stderr,
      /^error\[kernel-permission\]: cannot keep the record of fixes in \S+: EACCES: permission denied\n/,
    );
    assert.match(
      stderr,
      /^ {2}remedy: run as root, or let MEGANAT_STATE_DIRECTORY name a directory that can be written to$/m,
    );
  },
);
