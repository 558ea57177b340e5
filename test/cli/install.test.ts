import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { meganatHere } from "./run-meganat.ts";

const CAMPUS = "examples/campus.yaml";

/** A system without anything in it but what tells its init. */
function imageOf(t: TestContext, init: string): string {
  const root = mkdtempSync(join(tmpdir(), "meganat-image-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, init, ".."), { recursive: true });
  writeFileSync(join(root, init), "");
  return root;
}

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

test("install into an image: every file shown, written, left alone the second time, and taken away", async (t) => {
  const root = imageOf(t, "usr/lib/systemd/systemd");
  const before = readdirSync(root, { recursive: true });
  const flags = ["--root", root, "--node", "/usr/bin/node", "--meganat", "/opt/meganat/bin/meganat"];
  const dry = json((await meganatHere(["install", CAMPUS, ...flags, "--dry-run", "--json"])).stdout);
  assert.deepEqual([dry["outcome"], dry["init"], dry["gateway"]], ["would-install", "systemd", "campus-border"]);
  assert.deepEqual(readdirSync(root, { recursive: true }), before);
  const run = await meganatHere(["install", CAMPUS, ...flags]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^ {2}create {2}\/etc\/systemd\/system\/meganat\.service$/m);
  assert.match(run.stdout, /note\[program-not-there\]: nft is not at \/usr\/sbin\/nft/);
  for (const { path, text } of dry["files"] as { path: string; text?: string }[]) {
    if (text !== undefined) assert.equal(readFileSync(join(root, path), "utf8"), text, path);
  }
  assert.equal(json((await meganatHere(["install", CAMPUS, ...flags, "--json"])).stdout)["outcome"], "unchanged");
  const gone = json((await meganatHere(["uninstall", "--root", root, "--json"])).stdout);
  assert.deepEqual([gone["outcome"], (gone["removed"] as string[]).length], ["uninstalled", 9]);
  assert.equal((await meganatHere(["uninstall", "--root", root])).stdout, `no gateway is installed in ${root}\n`);
});

test("install asks what it needs to know of the system", async (t) => {
  const openrc = imageOf(t, "sbin/openrc-run");
  const run = json((await meganatHere(["install", CAMPUS, "--root", openrc, "--json"])).stdout);
  assert.equal(run["init"], "openrc");
  // Both are there, and one of them runs.
  mkdirSync(join(openrc, "usr/lib/systemd"), { recursive: true });
  writeFileSync(join(openrc, "usr/lib/systemd/systemd"), "");
  const initOf = async (): Promise<unknown> =>
    json((await meganatHere(["install", CAMPUS, "--root", openrc, "--dry-run", "--json"])).stdout)["init"];
  assert.equal(await initOf(), "systemd");
  mkdirSync(join(openrc, "run/openrc"), { recursive: true });
  assert.equal(await initOf(), "openrc");
  const other = imageOf(t, "etc/inittab");
  const unknown = await meganatHere(["install", CAMPUS, "--root", other]);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /^error\[init-unknown\]: there is neither systemd nor OpenRC/);
  assert.match((await meganatHere(["install", CAMPUS, "--root", join(other, "no")])).stderr, /^error\[root-unusable\]/);
});

test("with OpenRC the uplinks are watched by a service of their own, and uninstall takes all of it away", async (t) => {
  const root = imageOf(t, "sbin/openrc-run");
  const before = readdirSync(root, { recursive: true });
  const run = await meganatHere(["install", "examples/two-providers.yaml", "--root", root]);
  assert.equal(run.status, 0, run.stderr);
  const services = ["meganat", "meganat-uplinks"];
  assert.deepEqual(readdirSync(join(root, "etc/init.d")).toSorted(), services);
  assert.deepEqual(readdirSync(join(root, "etc/runlevels/default")).toSorted(), services);
  for (const name of services) {
    assert.equal(readlinkSync(join(root, "etc/runlevels/default", name)), `/etc/init.d/${name}`);
    assert.equal(statSync(join(root, "etc/init.d", name)).mode & 0o111, 0o111);
  }
  // A file without uplinks: their service goes.
  await meganatHere(["install", CAMPUS, "--root", root]);
  assert.deepEqual(readdirSync(join(root, "etc/init.d")), ["meganat"]);
  await meganatHere(["install", "examples/two-providers.yaml", "--root", root]);
  const gone = json((await meganatHere(["uninstall", "--root", root, "--json"])).stdout);
  assert.equal(gone["outcome"], "uninstalled");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  assert.deepEqual(
    files.map(({ name }) => name).filter((name) => !before.some((path) => String(path).endsWith(name))),
    [],
  );
});

test("install says when the system would not do as the files ask", async (t) => {
  const root = imageOf(t, "usr/lib/systemd/systemd");
  mkdirSync(join(root, "lib/modules/6.1.0-40-amd64"), { recursive: true });
  writeFileSync(join(root, "lib/modules/6.1.0-40-amd64/modules.builtin"), "kernel/net/netfilter/nf_conntrack.ko\n");
  mkdirSync(join(root, "etc/systemd/network"), { recursive: true });
  writeFileSync(join(root, "etc/systemd/network/50-wan.network"), "[Match]\nName=bond0 bond2\n\n[Network]\nDHCP=yes\n");
  const run = json((await meganatHere(["install", CAMPUS, "--root", root, "--json"])).stdout);
  const codes = (run["notices"] as { code: string }[]).map(({ code }) => code);
  assert.deepEqual(codes.slice(-2), ["conntrack-built-in", "networkd-configures-it"]);
});

test("the pieces are printed for those who keep them elsewhere", async () => {
  const cases = [
    ["modprobe", /^options nf_conntrack hashsize=8501248$/m],
    ["systemd", /^# \/etc\/systemd\/system\/meganat\.service\n\[Unit\]$/m],
    ["networkd", /^Address=61\.138\.177\.30\/32$/m],
    ["ifupdown", /^iface bond1 inet static$/m],
    ["ifcfg", /^IPADDR28=61\.138\.177\.30$/m],
  ] as const;
  for (const [format, expected] of cases) {
    const run = await meganatHere(["render", CAMPUS, "--format", format]);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, expected);
  }
});
