import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { planGateway } from "../../src/plan/plan-gateway.ts";
import { stockFacts } from "../../src/plan/stock-facts.ts";
import type { BootFile, BootSystem } from "../../src/render/boot/boot-file.ts";
import { bootFiles } from "../../src/render/boot/boot-files.ts";
import { campus } from "../fixtures/gateways.ts";

const SYSTEM: BootSystem = {
  init: "systemd",
  node: "/usr/bin/node",
  command: "/opt/mega nat/bin/meganat",
  nft: "/usr/sbin/nft",
};

const filesOf = (system: BootSystem): BootFile[] => {
  const health = { probes: [], interval: 1000, downAfter: 3000, upAfter: 10_000 };
  const gateway = campus({ uplinks: [{ link: "wan", health }] });
  return bootFiles(planGateway(gateway, stockFacts(gateway)), "version: 1\n", system);
};

function textOf(files: readonly BootFile[], path: string): string {
  const content = files.find((file) => file.path === path)?.content;
  assert.ok(content !== undefined && "text" in content, path);
  return content.text;
}

const HAS_SYSTEMD = spawnSync("systemd-analyze", ["--version"]).status === 0;

test(
  "systemd finds nothing wrong with the units",
  { skip: HAS_SYSTEMD ? false : "systemd-analyze is not installed" },
  (t) => {
    const root = mkdtempSync(join(tmpdir(), "meganat-units-"));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const command = join(root, "a 100 % $strange name", "meganat");
    const units = filesOf({ ...SYSTEM, node: process.execPath, command, nft: process.execPath });
    for (const { path, content } of units) {
      if (!("text" in content) || !path.endsWith(".service")) continue;
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content.text);
    }
    const directory = join(root, "/etc/systemd/system");
    const names = ["meganat.service", "meganat-rules.service", "meganat-uplinks.service"].map((name) =>
      join(directory, name),
    );
    const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", ...names], {
      encoding: "utf8",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:/usr/lib/systemd/system:/lib/systemd/system` },
    });
    // Other units of the machine may be wrong; ours must not be named.
    const ours = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("meganat"));
    assert.deepEqual([ours, status], [[], 0]);
  },
);

test("the script for the uplinks gives OpenRC's supervisor the words it should, whatever the paths", (t) => {
  const root = mkdtempSync(join(tmpdir(), "meganat-openrc-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [node, command] = ["/opt/it's node", "/opt/a $strange name/meganat"];
  const files = filesOf({ ...SYSTEM, init: "openrc", node, command });
  writeFileSync(join(root, "script"), textOf(files, "/etc/init.d/meganat-uplinks"));
  // As openrc-run does: it reads the script, and the supervisor's part puts both through eval.
  const line = `. ./script && depend() { :; } && eval "set -- $command -- $command_args" && printf '%s\\n' "$supervisor" "$@"`;
  const { stdout, stderr, status } = spawnSync("sh", ["-ec", line], { cwd: root, encoding: "utf8" });
  assert.deepEqual([stderr, status], ["", 0]);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "supervise-daemon",
    node,
    "--",
    command,
    "uplinks",
    "watch",
    "/etc/meganat/gateway.yaml",
  ]);
});

test("the shell finds nothing wrong with the script for OpenRC", (t) => {
  const root = mkdtempSync(join(tmpdir(), "meganat-openrc-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const script = textOf(filesOf({ ...SYSTEM, init: "openrc" }), "/etc/init.d/meganat");
  assert.match(
    script,
    /^ {2}\/usr\/bin\/node '\/opt\/mega nat\/bin\/meganat' apply \/etc\/meganat\/gateway\.yaml --wait 20$/m,
  );
  writeFileSync(join(root, "script"), script);
  const { status, stderr } = spawnSync("sh", ["-n", join(root, "script")], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
});
