import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { meganatHere, ROOT } from "../cli/run-meganat.ts";
import { NEEDS_CONTAINERS, meganatInContainer, meganatPowerless } from "../fixtures/as-others.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

interface Found {
  readonly findings: { readonly id: string; readonly count: number; readonly first: string; readonly last: string }[];
  readonly records: number;
  readonly oldest: string;
  readonly notes: string[];
}

/** Makes the kernel write a harmless message about NAT: a range of ports that begins and ends even. */
function provoke(namespace: string): void {
  writeSysctl(namespace, "net.ipv4.ip_local_port_range", "32768 60998");
}

/** How often dmesg has the message. */
function countInDmesg(): number {
  return run(undefined, "dmesg")
    .split("\n")
    .filter((line) => line.includes("ip_local_port_range: prefer different parity")).length;
}

test("messages are counted as dmesg has them, with the wall clock's time", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const before = Date.now();
  provoke(namespace);
  const { stdout, stderr } = await meganatHere(["log", "--json"]);
  assert.equal(stderr, "");
  const { findings, records, notes } = JSON.parse(stdout) as Found;
  const parity = findings.find(({ id }) => id === "port-range-parity") ?? assert.fail(stdout);
  assert.equal(parity.count, countInDmesg());
  assert.ok(Math.abs(Date.parse(parity.last) - before) < 60_000, `${parity.last} is not now`);
  assert.ok(records > 10);
  if (readSysctl(undefined, "net.ipv4.conf.all.log_martians") === "0") {
    assert.ok(notes.some((note) => note.startsWith("martians are counted but not logged")));
  }
  const elsewhere = JSON.parse((await meganatHere(["log", "--json", "--netns", namespace])).stdout) as Found;
  assert.match(elsewhere.notes[0] ?? "", /the whole host's/);
  const text = await meganatHere(["log"]);
  assert.match(text.stdout, /^port-range-parity: .* times?, \d{4}-\d\d-\d\d /m);
  assert.match(text.stdout, /remedy: let it begin with an even/);
});

test("--follow tells of each new message, and ends in good order", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const child = spawn(join(ROOT, "bin/meganat"), ["log", "--follow", "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  const lines = (): string[] => output.split("\n").slice(0, -1);
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  for (let i = 0; i < 200 && lines().length < 1; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  // The kernel may leave a message out if there were many just before: then it is provoked again.
  const told = (): boolean => lines().some((line) => line.includes('"id":"port-range-parity","of":"","count":1'));
  for (let i = 0; i < 60 && !told(); i++) {
    if (i % 10 === 0) provoke(namespace);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(told(), output);
  child.kill("SIGTERM");
  const [status] = (await once(child, "exit")) as [number];
  const losses = lines().some((line) => line.includes('"tells":"loss"'));
  assert.equal(status, losses ? 1 : 0);
});

test("without permission it says what is needed", NEEDS_CONTAINERS, () => {
  const restricted = readSysctl(undefined, "kernel.dmesg_restrict") === "1";
  for (const { status, stdout, stderr } of [meganatPowerless("log"), meganatInContainer("log")]) {
    if (restricted) {
      assert.equal(status, 1);
      assert.match(stderr, /^error\[kernel-permission\]: cannot read the kernel's log from \/dev\/kmsg: EPERM/);
      assert.match(stderr, /remedy: run as root of the host/);
    } else assert.match(stdout, /^note: .* messages read/m);
  }
});
