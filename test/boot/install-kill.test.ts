import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readInstallation } from "../../src/apply/boot/installation.ts";
import { uninstallGateway } from "../../src/apply/boot/uninstall.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import type { BootFile } from "../../src/render/boot/boot-file.ts";
import type { InstallOrder } from "../fixtures/install-child.ts";
import { everything, FIRST, install, rootOf, SECOND } from "../fixtures/installed-system.ts";

const CHILD = [...loaderWords(import.meta.url), fileURLToPath(ownModule("../fixtures/install-child", import.meta.url))];

function killed(order: InstallOrder): void {
  const { signal, stderr } = spawnSync(process.execPath, [...CHILD, JSON.stringify(order)], { encoding: "utf8" });
  assert.equal(signal, "SIGKILL", stderr);
}

test("killed before any file, status names what is half, and the next install or uninstall finishes it", (t) => {
  const root = rootOf(t);
  const wanted = (files: readonly BootFile[]): Record<string, string> => {
    const other = rootOf(t);
    install(other, files);
    return everything(other);
  };
  const [first, second] = [wanted(FIRST), wanted(SECOND)];
  install(root, FIRST);
  // Three files differ, and the manifest is written last.
  for (let killAt = 0; killAt <= 3; killAt++) {
    killed({ task: "install", root, gateway: "border", files: SECOND, killAt });
    const half = readInstallation(root);
    assert.equal(half?.state, "half");
    assert.equal(half.files.length, 3 - killAt);
    for (const [path, content] of Object.entries(everything(root))) {
      assert.ok(content === first[path] || content === second[path], path);
    }
    assert.equal(install(root, killAt % 2 === 0 ? SECOND : FIRST).repaired, true);
    assert.deepEqual(everything(root), killAt % 2 === 0 ? second : first);
    install(root, FIRST);
  }
  for (let killAt = 0; killAt <= FIRST.length; killAt++) {
    killed({ task: "uninstall", root, gateway: "border", files: [], killAt });
    const half = readInstallation(root);
    assert.equal(half?.state, "half");
    assert.equal(half.files.length, FIRST.length - killAt);
    if (killAt % 2 === 0) {
      uninstallGateway({ root });
      assert.deepEqual(everything(root), {});
    }
    install(root, FIRST);
    assert.deepEqual(everything(root), first);
  }
});
