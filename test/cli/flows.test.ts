import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";
import { meganat, meganatHere, ROOT } from "./run-meganat.ts";

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

function withTwoEntries(t: Parameters<typeof ownNamespace>[0]): string {
  const namespace = ownNamespace(t);
  for (const [source, port] of [
    ["10.0.0.1", "53"],
    ["10.0.0.2", "54"],
  ] as const) {
    const tuple = ["-s", source, "-d", "9.9.9.9", "--sport", "1000", "--dport", port];
    run(namespace, "conntrack", "-I", "-p", "udp", ...tuple, "-t", "1000", "-n", "61.1.1.1");
  }
  return namespace;
}

test("flows as a table, as JSON lines, counted, and not all of them", NEEDS_ROOT, (t) => {
  const netns = ["--netns", withTwoEntries(t)];
  const table = meganat(["flows", ...netns]);
  assert.equal(table.status, 0);
  const rows = table.stdout.trim().split("\n");
  assert.equal(rows[0], "PROTO   STATE        LEFT    FROM                   TO                     TRANSLATED");
  const row = "udp     unreplied    16m     10.0.0.2:1000          9.9.9.9:54             as 61.1.1.1:1000";
  assert.ok(rows.includes(row), table.stdout);
  assert.match(table.stderr, /^2 connections\n2 entries read in [\d.]+ s; the table held 2 before and after\n$/);
  const lines = meganat(["flows", ...netns, "--port", "54", "--json"])
    .stdout.trim()
    .split("\n")
    .map(json);
  assert.deepEqual(
    lines.map((line) => [line["matched"], line["protocol"]]),
    [
      [undefined, "udp"],
      [1, undefined],
    ],
  );
  const counted = json(meganat(["flows", ...netns, "--by", "pool", "--json"]).stdout);
  assert.deepEqual(counted["summary"], {
    by: "pool",
    connections: 2,
    keys: 1,
    error: 0,
    top: [{ key: "61.1.1.1", connections: 2, share: 1 }],
  });
  const limited = meganat(["flows", ...netns, "--limit", "1", "-o", "extended"]);
  assert.match(limited.stdout, /^ipv4 {5}2 udp {6}17 .*\n$/);
});

test("who uses up the ports", NEEDS_ROOT, (t) => {
  const netns = ["--netns", withTwoEntries(t)];
  const { uses } = json(meganat(["flows", "ports", ...netns, "--json"]).stdout) as { uses: object[] };
  assert.deepEqual(uses[0], {
    address: "61.1.1.1",
    protocol: "udp",
    destination: "9.9.9.9",
    destinationPort: 53,
    ports: { first: 1024, last: 65535 },
    used: 1,
    occupancy: 1 / 64512,
    refusalChance: 0,
    subscribers: [{ address: "10.0.0.1", connections: 1 }],
  });
});

test("with the gateway file the port block, its rule and the rule of each subscriber are known", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const tuple = ["-s", "10.10.1.7", "-d", "9.9.9.9", "--sport", "1000", "--dport", "53", "-n", "61.138.177.3:1921"];
  run(namespace, "conntrack", "-I", "-p", "udp", ...tuple, "-t", "1000");
  const flags = ["--netns", namespace, "-c", "examples/campus.yaml", "--json"];
  const { uses } = json(meganat(["flows", "ports", ...flags]).stdout) as { uses: Record<string, unknown>[] };
  assert.deepEqual(
    uses.map((use) => [use["ports"], use["used"], use["occupancy"], use["rule"]]),
    [[{ first: 1920, last: 2047 }, 1, 1 / 128, "campus"]],
  );
  const { summary } = json(meganat(["flows", "--by", "subscriber", ...flags]).stdout) as { summary: { top: unknown } };
  assert.deepEqual(summary.top, [{ key: "10.10.1.7", connections: 1, share: 1, rule: "campus" }]);
});

test("delete asks, and takes no silence for a yes", NEEDS_ROOT, (t) => {
  const netns = ["--netns", withTwoEntries(t)];
  const silent = meganat(["flows", "delete", ...netns, "--subscriber", "10.0.0.1"]);
  assert.equal(silent.status, 2);
  assert.match(silent.stderr, /^error\[usage\]: 1 connection would be removed, and there is no terminal to ask on/);
  const unfiltered = meganat(["flows", "delete", ...netns, "--yes"]);
  assert.equal(unfiltered.status, 2);
  assert.match(unfiltered.stderr, /no filter says which connections to remove/);
  const done = json(meganat(["flows", "delete", ...netns, "--subscriber", "10.0.0.1", "--yes", "--json"]).stdout);
  assert.deepEqual([done["found"], done["removed"], done["missed"]], [1, 1, 0]);
  assert.equal(json(meganat(["flows", ...netns, "--by", "protocol", "--json"]).stdout)["matched"], 1);
});

test("a reader that goes away early is no error", NEEDS_ROOT, (t) => {
  const command = `bin/meganat flows --netns ${withTwoEntries(t)} -o conntrack | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout } = spawnSync("bash", ["-c", command], { cwd: ROOT, encoding: "utf8" });
  assert.equal(stdout.trim(), "0");
});

test("without the right to ask the kernel it says so", NEEDS_ROOT, () => {
  const args = ["--bounding-set=-all", "--inh-caps=-all", "--", join(ROOT, "bin/meganat"), "flows", "--json"];
  const { status, stdout } = spawnSync("setpriv", args, { encoding: "utf8" });
  assert.equal(status, 1);
  assert.equal((json(stdout)["error"] as { code: string }).code, "kernel-permission");
});

test("wrong filters are usage errors", async () => {
  for (const args of [
    ["flows", "--by", "colour"],
    ["flows", "-s", "10.0.0.0/33"],
    ["flows", "--top", "0"],
    ["flows", "list", "more"],
  ]) {
    const { status, stdout } = await meganatHere([...args, "--json"]);
    assert.equal(status, 2, args.join(" "));
    assert.equal((json(stdout)["error"] as { code: string }).code, "usage");
  }
});
