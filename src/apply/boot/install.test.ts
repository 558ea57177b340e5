import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { everything, FIRST, install, rootOf, SECOND } from "../../../test/fixtures/installed-system.ts";
import { InstallError } from "./error.ts";
import { installGateway, planInstall, type InstallOutcome } from "./install.ts";
import { readInstallation } from "./installation.ts";
import { uninstallGateway } from "./uninstall.ts";

const short = ({ steps }: InstallOutcome): string[] => steps.map(({ path, action }) => `${action} ${path}`);

test("install writes the files, again changes nothing, another file changes the difference, uninstall takes all away", (t) => {
  const root = rootOf(t);
  assert.deepEqual(
    short(planInstall({ root, gateway: "border", files: FIRST })),
    FIRST.map(({ path }) => `create ${path}`),
  );
  assert.deepEqual(readdirSync(root), []);
  install(root, FIRST);
  assert.deepEqual(everything(root), {
    "etc/init.d/x": "755 #!/bin/sh\n",
    "etc/meganat/gateway.yaml": "644 one\n",
    "etc/modprobe.d/x.conf": "644 hashsize\n",
    "etc/units/wants/x": "-> ../x",
    "etc/units/x": "644 unit\n",
  });
  assert.deepEqual(readInstallation(root), { gateway: "border", state: "installed", files: [] });
  const manifest = readFileSync(join(root, "etc/meganat/installed.json"), "utf8");
  assert.deepEqual(
    short(install(root, FIRST)),
    FIRST.map(({ path }) => `keep ${path}`),
  );
  assert.equal(readFileSync(join(root, "etc/meganat/installed.json"), "utf8"), manifest);
  assert.deepEqual(short(install(root, SECOND)), [
    "remove /etc/modprobe.d/x.conf",
    "change /etc/meganat/gateway.yaml",
    "create /etc/sysctl.d/x.conf",
    "keep /etc/units/x",
    "keep /etc/init.d/x",
    "keep /etc/units/wants/x",
  ]);
  assert.equal(existsSync(join(root, "etc/modprobe.d/x.conf")), false);
  const { gateway, removed, saved } = uninstallGateway({ root });
  assert.deepEqual([gateway, removed[0], removed.length, saved], ["border", "/etc/units/wants/x", 5, []]);
  assert.deepEqual(everything(root), {});
  assert.equal(existsSync(join(root, "etc/meganat")), false);
  assert.deepEqual(uninstallGateway({ root }), { removed: [], saved: [] });
});

test("what somebody else has put there is not overwritten, and nothing is begun", (t) => {
  const root = rootOf(t);
  mkdirSync(join(root, "etc/units"), { recursive: true });
  writeFileSync(join(root, "etc/units/x"), "theirs\n");
  assert.throws(
    () => install(root, FIRST),
    (error) => error instanceof InstallError && error.code === "install-foreign-file",
  );
  assert.deepEqual(everything(root), { "etc/units/x": "644 theirs\n" });
  assert.equal(existsSync(join(root, "etc/meganat")), false);
});

test("the administrator's own file in the place of ours is used and never taken away", (t) => {
  const root = rootOf(t);
  mkdirSync(join(root, "etc/meganat"), { recursive: true });
  writeFileSync(join(root, "etc/meganat/gateway.yaml"), "one\n");
  installGateway({ root, gateway: "border", files: FIRST, source: "/etc/meganat/gateway.yaml" });
  uninstallGateway({ root });
  assert.deepEqual(everything(root), { "etc/meganat/gateway.yaml": "644 one\n" });
});

test("what somebody has changed since is named, and kept beside", (t) => {
  const root = rootOf(t);
  install(root, FIRST);
  writeFileSync(join(root, "etc/units/x"), "edited\n");
  rmSync(join(root, "etc/modprobe.d/x.conf"));
  assert.deepEqual(readInstallation(root), {
    gateway: "border",
    state: "changed",
    files: ["/etc/modprobe.d/x.conf is not there", "/etc/units/x was changed by somebody"],
    fix: "install the gateway file again: meganat install FILE",
  });
  const outcome = install(root, FIRST);
  assert.deepEqual(
    outcome.steps.filter(({ edited }) => edited).map(({ path }) => path),
    ["/etc/units/x"],
  );
  assert.equal(everything(root)["etc/units/x.saved"], "644 edited\n");
  writeFileSync(join(root, "etc/init.d/x"), "edited too\n");
  assert.deepEqual(uninstallGateway({ root }).saved, ["/etc/init.d/x.saved"]);
});
