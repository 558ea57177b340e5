import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createNamespace, deleteNamespace } from "../../src/kernel/namespace.ts";
import { addVeth, setLinkUp } from "../../src/kernel/route/link.ts";
import { listRuleset, runNft } from "../../src/kernel/nftables.ts";
import { meganat, meganatHere, ROOT } from "./run-meganat.ts";

const CAMPUS = "examples/campus.yaml";
const directory = mkdtempSync(join(tmpdir(), "meganat-cli-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** The campus with its bonds made by the system: its links are only named, and may be any interface. */
function campusWithNamedLinks(): string {
  const text = readFileSync(join(ROOT, CAMPUS), "utf8");
  const named = text.replaceAll(/^ +bond: .*\n/gm, "");
  assert.equal(text.split("\n").length - named.split("\n").length, 2);
  const file = join(directory, "named-links.yaml");
  writeFileSync(file, named);
  return file;
}

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

test("uplinks are watched only where there are any", async () => {
  const none = await meganatHere(["uplinks", "watch", CAMPUS, "--json"]);
  assert.deepEqual(
    [none.status, json(none.stdout)["error"]],
    [
      1,
      {
        code: "uplinks-none",
        message: "the file of campus-border names no uplinks",
        remedy: "write the section uplinks",
      },
    ],
  );
});

test("help, version and wrong usage", async () => {
  const version = meganat(["--version"]);
  const { version: expected } = json(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.deepEqual(version, { status: 0, stdout: `${String(expected)}\n`, stderr: "" });
  const help = meganat(["--help"]);
  assert.equal(help.status, 0);
  for (const name of [
    "features",
    "check",
    "init",
    "plan",
    "apply",
    "remove",
    "status",
    "render",
    "lookup",
    "lab",
    "demo",
    "bench",
  ]) {
    assert.ok(help.stdout.includes(`meganat ${name}`), name);
  }
  // The build writes the help of all commands down; from the sources it is made anew.
  assert.equal((await meganatHere(["--help"])).stdout, help.stdout);
  assert.equal((await meganatHere(["help", "plan"])).stdout, (await meganatHere(["plan", "--help"])).stdout);
  const unknown = meganat(["plann", CAMPUS]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /^error\[usage\]: there is no command plann; did you mean .*plan/);
  for (const args of [
    ["plan"],
    ["plan", CAMPUS, "more"],
    ["plan", CAMPUS, "--nix"],
    ["--netns"],
    ["lookup", "x", "-c", CAMPUS],
    ["demo", "--connections", "0"],
  ]) {
    const run = await meganatHere([...args, "--json"]);
    assert.equal(run.status, 2, args.join(" "));
    assert.equal((json(run.stdout)["error"] as { code: string }).code, "usage");
  }
});

test("the command works through a symbolic link", () => {
  const link = join(directory, "meganat");
  symlinkSync(join(ROOT, "bin/meganat"), link);
  assert.equal(spawnSync(link, ["--version"], { encoding: "utf8" }).status, 0);
});

test("a closed pipe is no error", () => {
  const run = spawnSync("sh", ["-c", `bin/meganat render ${CAMPUS} | head -1; bin/meganat plan ${CAMPUS} | head -1`], {
    cwd: ROOT,
    encoding: "utf8",
  });
  assert.equal(run.stderr, "");
  assert.equal(run.status, 0);
});

test("lookup names the subscriber of a port, and its ports by its address", async () => {
  const cases: readonly (readonly [target: string, text: string])[] = [
    ["61.138.177.3:34567", "subscriber 10.10.2.6: has 61.138.177.3 ports 34560-34687 to itself (rule campus)\n"],
    ["10.10.2.6", "10.10.2.6 leaves by wan as 61.138.177.3 ports 34560-34687, its own (rule campus)\n"],
    ["61.138.177.3:8080/tcp", "port forward portal (tcp): leads to 10.10.0.2:8080\n"],
    ["10.10.0.2", "10.10.0.2 is reached at 61.138.177.3:8080/tcp, which leads to its 8080 (port forward portal)\n"],
    ["61.138.177.2:5", "the gateway itself: its own address on link wan\n"],
  ];
  for (const [target, text] of cases) {
    assert.deepEqual(await meganatHere(["lookup", target, "-c", CAMPUS]), { status: 0, stdout: text, stderr: "" });
  }
  const program = json((await meganatHere(["lookup", "61.138.177.3:34567/udp", "-c", CAMPUS, "--json"])).stdout);
  assert.deepEqual(program["behind"], [
    {
      kind: "subscriber",
      rule: "campus",
      subscriber: "10.10.2.6",
      mapping: { address: "61.138.177.3", ports: "34560-34687" },
    },
  ]);
  const nobody = await meganatHere(["lookup", "8.8.8.8:53", "-c", CAMPUS]);
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /^error\[not-found\]: 8\.8\.8\.8:53 is none of gateway campus-border's/);
});

test("init writes a file that check takes, and overwrites none", () => {
  const file = join(directory, "gateway.yaml");
  const written = meganat(["init", file, "--name", "first"]);
  assert.deepEqual([written.status, written.stderr], [0, ""]);
  assert.equal(meganat(["check", file]).status, 0);
  const again = meganat(["init", file]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /^error\[file-exists\]/);
  assert.equal(meganat(["init", file, "--force"]).status, 0);
  assert.equal(meganat(["check", "-"], { input: meganat(["init", "-"]).stdout }).status, 0);
});

test("apply, status and remove in a namespace", () => {
  const namespace = `mncli-${process.pid}`;
  const file = campusWithNamedLinks();
  createNamespace(namespace);
  const env = { MEGANAT_STATE_DIRECTORY: directory };
  const run = (...args: string[]): Record<string, unknown> & { status: number | null } => {
    const { status, stdout, stderr } = meganat(["--netns", namespace, ...args, "--json"], { env });
    assert.equal(stderr, "");
    return { ...json(stdout), status };
  };
  try {
    addVeth(namespace, "bond0", namespace, "bond1");
    setLinkUp(namespace, "bond0", true);
    setLinkUp(namespace, "bond1", true);
    assert.equal(run("status")["state"], "absent");
    assert.equal(run("apply", file, "--dry-run")["outcome"], "would-apply");
    assert.deepEqual(
      listRuleset(namespace).filter((object) => "table" in object),
      [],
    );
    assert.equal(run("apply", file)["outcome"], "applied");
    assert.equal(run("apply", file)["outcome"], "unchanged");
    const { state, gateway, status } = run("status", "-c", file);
    assert.deepEqual([state, gateway, status], ["in-place", "campus-border", 0]);
    runNft(namespace, "delete element ip meganat blocks_campus { 10.10.1.0 }\n");
    const drifted = run("status", "--quick");
    assert.deepEqual([drifted["state"], drifted.status], ["drifted", 1]);
    assert.deepEqual(
      (drifted["drift"] as { code: string }[]).map(({ code }) => code),
      ["elements-changed"],
    );
    assert.equal(run("remove")["outcome"], "removed");
    assert.equal(run("remove")["outcome"], "nothing");
    assert.equal(run("status")["state"], "absent");
  } finally {
    deleteNamespace(namespace);
  }
});

test("render writes each format; nft takes its own", () => {
  const namespace = `mnrender-${process.pid}`;
  createNamespace(namespace);
  try {
    const text = meganat(["render", CAMPUS, "--format", "nft"]).stdout;
    runNft(namespace, text);
  } finally {
    deleteNamespace(namespace);
  }
  assert.match(meganat(["render", CAMPUS, "--format", "iptables"]).stdout, /^\*nat$/m);
  assert.match(meganat(["render", CAMPUS, "--format", "sysctl"]).stdout, /^net\.ipv4\.ip_forward = 1$/m);
});

test("the examples in the help of commands that only read do work", () => {
  for (const line of [
    "features",
    "features --json",
    `check ${CAMPUS} --json`,
    `plan ${CAMPUS}`,
    `plan ${CAMPUS} --json`,
    `render ${CAMPUS} --format sysctl`,
    "lab list",
    "completion bash",
    "completion fish",
  ]) {
    const { status, stderr } = meganat(line.split(" "));
    assert.deepEqual([status, stderr], [0, ""], line);
  }
});
