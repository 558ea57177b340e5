import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { pinDirectory, reapOrphans } from "../../src/fastpath/pins.ts";
import { readRecord, type Path } from "../../src/fastpath/record.ts";
import { readFastPathStatus } from "../../src/fastpath/status.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { spawnInNamespace } from "../../src/kernel/namespace.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { Conversation, everyKind } from "../fixtures/fast-path/conversation.ts";
import { openWire, type Wire } from "../fixtures/fast-path/wire.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

const CHILD = [
  ...loaderWords(import.meta.url),
  fileURLToPath(ownModule("../fixtures/fast-path/turn-on-child", import.meta.url)),
];

/** Steps that can be seen from outside: the record, then one name after the other in the eBPF file system. */
const NAMES = ["accounts", "connections4", "control", "two links", "three links", "four links"];

test("who looks for abandoned fast paths does not stumble over one that is just turned off", NEEDS_ROOT, async (t) => {
  const wire = openWire(t);
  const request = { netns: wire.gateway, path: "tc", devices: ["lan", "wan"], connections: 1000 };
  // Again and again, in place of the one before.
  const requests = new Array<string>(12).fill(JSON.stringify(request));
  const child = spawnInNamespace(undefined, process.execPath, [...CHILD, ...requests], { stdio: "inherit" });
  const ended = once(child, "exit");
  while (child.exitCode === null && child.signalCode === null) {
    for (const until = Date.now() + 20; Date.now() < until;) assert.equal(typeof reapOrphans(), "number");
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await ended, [0, null]);
  assert.equal(turnOffFastPath({ netns: wire.gateway }), true);
});

/** Turns it on in another process, which is killed as soon as `reached` says so, or has ended by itself. */
async function turnOnAndKill(wire: Wire, path: Path, reached: () => boolean): Promise<"killed" | "ended"> {
  const request = { netns: wire.gateway, path, devices: ["lan", "wan"], connections: 1000 };
  const child = spawnInNamespace(undefined, process.execPath, [...CHILD, JSON.stringify(request)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("exit", (_, signal) => resolve(signal)));
  while (child.exitCode === null && child.signalCode === null) {
    // Looks as fast as it can for some time, for the child does all its steps in a few milliseconds.
    for (const until = Date.now() + 20; Date.now() < until;) {
      if (!reached()) continue;
      child.kill("SIGKILL");
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await ended) === "SIGKILL" ? "killed" : "ended";
}

function pinnedNames(wire: Wire): string[] {
  const directory = pinDirectory(wire.gateway);
  return directory !== undefined && existsSync(directory) ? readdirSync(directory) : [];
}

/**
 * What turning on changes, but for tcp_be_liberal, which stays for the sake of connections that live on, and the size of
 * the table, which is the host's: other tests change it meanwhile.
 */
function traces(wire: Wire): unknown {
  return {
    settings: run(wire.gateway, "sysctl", "net.netfilter")
      .split("\n")
      .filter((line) => / = /.test(line) && !/_(count|max|buckets) |tcp_be_liberal /.test(line)),
    pinned: pinnedNames(wire),
    record: readRecord(wire.gateway),
    xdp: run(wire.gateway, "ip", "link")
      .split("\n")
      .filter((line) => line.includes("xdp")),
    filters: ["lan", "wan"].map((name) => run(wire.gateway, "tc", "qdisc", "show", "dev", name)),
  };
}

for (const path of ["xdp", "tc"] as const) {
  test(`killed at any step, turning on is mended by turning on or off: ${path}`, NEEDS_ROOT, async (t) => {
    const wire = openWire(t);
    const untouched = traces(wire);
    const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
    let killed = 0;
    for (let names = 0; names <= NAMES.length; names++) {
      const reached = (): boolean =>
        names === 0 ? readRecord(wire.gateway) !== undefined : pinnedNames(wire).length >= names;
      if ((await turnOnAndKill(wire, path, reached)) === "killed") killed += 1;
      // However far it came: the gateway forwards, and status can be read.
      await tcp.callAndArrive();
      await tcp.answerAndArrive();
      const status = readFastPathStatus({ netns: wire.gateway });
      assert.ok(status === undefined || typeof status.whole === "boolean");
      if (names % 2 === 0) {
        assert.equal(wire.turnOn(path).whole, true);
        await tcp.callAndArrive();
        await tcp.callAndArrive();
        assert.ok(wire.count("lan", "forwarded") >= 1);
      }
      turnOffFastPath({ netns: wire.gateway });
      assert.deepEqual(traces(wire), untouched, `after ${NAMES[names - 1] ?? "the record"}`);
      await tcp.callAndArrive();
    }
    assert.ok(killed >= NAMES.length / 2, `only ${killed} of the processes were killed before they had ended`);
  });

  test(`it stays without the process that turned it on, and goes without a trace: ${path}`, NEEDS_ROOT, async (t) => {
    const wire = openWire(t);
    const untouched = traces(wire);
    assert.equal(await turnOnAndKill(wire, path, () => false), "ended");
    const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
    for (let round = 0; round < 5; round++) {
      await tcp.callAndArrive();
      await tcp.answerAndArrive();
    }
    assert.ok(wire.count("lan", "forwarded") >= 5);
    // On again in place of the first, at once: the interface is free for the second XDP program.
    for (let again = 0; again < 5; again++) assert.equal(wire.turnOn(path).whole, true);
    assert.equal(turnOffFastPath({ netns: wire.gateway }), true);
    assert.deepEqual(traces(wire), untouched);
    assert.equal(turnOffFastPath({ netns: wire.gateway }), false);
    await tcp.callAndArrive();
    await tcp.answerAndArrive();
  });
}
