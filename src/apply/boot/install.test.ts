import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { InstallOrder } from "../../../test/fixtures/install-child.ts";
import { loaderWords, ownModule } from "../../kernel/own-module.ts";
import type { BootFile } from "../../render/boot/boot-file.ts";
import { InstallError } from "./error.ts";
import { installGateway, planInstall, type InstallOutcome } from "./install.ts";
import { readInstallation } from "./installation.ts";
import { uninstallGateway } from "./uninstall.ts";

function rootOf(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "meganat-install-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

const text = (path: string, content: string): BootFile => ({ path, content: { text: content }, reason: "because" });
const script: BootFile = {
  path: "/etc/init.d/x",
  content: { text: "#!/bin/sh\n", executable: true },
  reason: "because",
};
const link: BootFile = { path: "/etc/units/wants/x", content: { linkTo: "../x" }, reason: "because" };

const FIRST: readonly BootFile[] = [
  text("/etc/meganat/gateway.yaml", "one\n"),
  text("/etc/modprobe.d/x.conf", "hashsize\n"),
  text("/etc/units/x", "unit\n"),
  script,
  link,
];
/** Another file, one changed, and one that is needed no more. */
const SECOND: readonly BootFile[] = [
  text("/etc/meganat/gateway.yaml", "two\n"),
  text("/etc/sysctl.d/x.conf", "max\n"),
  text("/etc/units/x", "unit\n"),
  script,
  link,
];

const install = (root: string, files: readonly BootFile[]): InstallOutcome =>
  installGateway({ root, gateway: "border", files });
const short = ({ steps }: InstallOutcome): string[] => steps.map(({ path, action }) => `${action} ${path}`);

/** Every file below the directory with its content, but for what install keeps for itself. */
function everything(root: string): Record<string, string> {
  const entries = readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted();
  const files: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(root, entry);
    const found = lstatSync(path);
    if (found.isDirectory() || entry === "etc/meganat/lock" || entry === "etc/meganat/installed.json") continue;
    files[entry] = found.isSymbolicLink()
      ? `-> ${readlinkSync(path)}`
      : `${(found.mode & 0o777).toString(8)} ${readFileSync(path, "utf8")}`;
  }
  return files;
}

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

const CHILD = [
  ...loaderWords(import.meta.url),
  fileURLToPath(ownModule("../../../test/fixtures/install-child", import.meta.url)),
];

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
