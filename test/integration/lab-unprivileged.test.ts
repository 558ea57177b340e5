import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";

const NOBODY = 65534;

/** Runs a program as a user without any rights. */
function asNobody(command: string, args: readonly string[]) {
  return spawnSync(command, args, {
    uid: NOBODY,
    gid: NOBODY,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", TMPDIR: "/tmp" },
  });
}

function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) return "needs root to become somebody else";
  if (!existsSync("/usr/bin/unshare")) return "needs unshare of util-linux";
  const tried = asNobody("unshare", ["--user", "--map-root-user", "--net", "--mount", "true"]);
  return tried.status === 0 ? false : `user namespaces are not allowed here: ${tried.stderr.trim()}`;
}

test("without root a lab works in a user namespace, limits of the host left alone", { skip: reasonToSkip() }, () => {
  const script = fileURLToPath(ownModule("../fixtures/unprivileged-lab", import.meta.url));
  const result = asNobody(process.execPath, [...loaderWords(import.meta.url), script]);
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout), {
    unprivileged: true,
    remote: "61.138.177.3",
    limits: { raised: [], refused: ["net.netfilter.nf_conntrack_max"] },
  });
});
