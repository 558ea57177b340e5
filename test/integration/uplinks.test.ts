import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { applyGateway } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { readFastPathStatus } from "../../src/fastpath/status.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { turnOnFastPath } from "../../src/fastpath/turn-on.ts";
import { readUplinks } from "../../src/uplinks/status.ts";
import { ROOT } from "../cli/run-meganat.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";
import {
  ask,
  EAST,
  FILE,
  LIVE_TCP,
  LIVE_UDP,
  NEW_CONNECTIONS,
  Program,
  SERVER,
  setSilent,
  uplinksStage,
  WEST,
  wrongPackets,
  type UplinksStage,
} from "../fixtures/uplinks-stage.ts";

const answer = (namespace: string, ...question: Parameters<typeof ask>): string =>
  run(namespace, ...ask(...question)).trim();

test("each half leaves by its provider, and answers by the link the question came by", NEEDS_ROOT, async (t) => {
  const { inside, gateway, providers, desired } = await uplinksStage(t);
  for (const protocol of ["udp", "tcp"] as const) {
    assert.match(answer(inside, WEST, protocol), /^isp1 61\.138\.177\.([3-9]|1[0-4])$/);
    assert.match(answer(inside, EAST, protocol), /^isp2 203\.0\.113\.([3-9]|1[0-4])$/);
  }
  // The gateway itself, with either address and with none.
  assert.equal(answer(gateway, "61.138.177.2", "udp"), "isp1 61.138.177.2");
  assert.equal(answer(gateway, "203.0.113.2", "udp"), "isp2 203.0.113.2");
  assert.equal(answer(gateway, "0.0.0.0", "udp"), "isp1 61.138.177.2");
  // Port forwards, from clients with one address that both providers could lead to.
  assert.equal(answer(providers[0], SERVER, "tcp", "61.138.177.3", 8080), `portal ${SERVER}`);
  assert.equal(answer(providers[1], SERVER, "tcp", "203.0.113.3", 8080), `portal ${SERVER}`);
  // And the gateway's own addresses.
  for (const [index, address] of ["61.138.177.2", "203.0.113.2"].entries()) {
    run(providers[index], "ping", "-q", "-c", "1", "-W", "2", "-I", SERVER, address);
  }
  assert.deepEqual(providers.map(wrongPackets), [0, 0]);
  assert.equal(applyGateway({ desired, namespace: gateway }).outcome, "unchanged");
  assert.equal(removeGateway({ namespace: gateway }).outcome, "removed");
  assert.doesNotMatch(run(gateway, "ip", "rule"), /80\d\d|81\d\d/);
  assert.equal(run(gateway, "ip", "route", "show", "table", "all", "proto", "static"), "");
});

/** A cable is pulled and plugged in again, with new and live connections going on. */
async function pullCable(t: TestContext, stage: UplinksStage): Promise<void> {
  const { inside, gateway, providers, desired } = stage;
  let watch = await watching(t, stage);
  const fresh = new Program(t, inside, NEW_CONNECTIONS, WEST, SERVER);
  const tcp = new Program(t, inside, LIVE_TCP, WEST, SERVER);
  const udp = new Program(t, inside, LIVE_UDP, WEST, SERVER);
  for (const program of [fresh, tcp, udp]) await program.line((line) => line.includes('"isp1"'));
  await fresh.line(() => fresh.lines.length >= 50);

  const pulled = Date.now();
  run(providers[0], "ip", "link", "set", "isp1", "down");
  await event(watch, "isp1", "cleared");
  await udp.line((line) => line.includes('"isp2"'));
  const broken = JSON.parse(await tcp.line((line) => line.includes("error"))) as { error: string; at: number };
  await fresh.line((line) => line.includes('"isp2"'));
  await ended();
  const moved = gapOf(fresh, pulled);
  assert.equal(broken.error, "ECONNRESET");
  t.diagnostic(`cable pulled: ${moved.words}; a live TCP connection was reset after ${broken.at - pulled} ms`);
  t.diagnostic(`live UDP went on by isp2 after ${timeOf(udp, "isp2") - pulled} ms`);
  assert.deepEqual(connectionsOf(gateway, 0x100000), []);

  // The kernel remembers, whoever dies.
  watch.kill();
  assert.deepEqual(inUse(gateway), [false, true]);
  assert.equal(applyGateway({ desired, namespace: gateway }).outcome, "unchanged");
  assert.equal(gatewayStatus({ namespace: gateway }).state, "in-place");
  assert.match(answer(inside, WEST, "tcp"), /^isp2 203\.0\.113\.20$/);
  watch = await watching(t, stage);
  assert.deepEqual(inUse(gateway), [false, true]);

  run(providers[0], "ip", "link", "set", "isp1", "up");
  const plugged = Date.now();
  await event(watch, "isp1", "restored");
  await fresh.line((line) => line.includes('"isp1"') && begunOf(line) > plugged);
  assert.match(answer(inside, WEST, "tcp"), /^isp1 61\./);
  const [first] = fresh.lines.map(begunAndBy).filter(({ begun, by }) => begun > plugged && by === "isp1");
  t.diagnostic(`cable back: new connections by isp1 again after ${(first?.begun ?? NaN) - plugged} ms`);
  // What began by the other provider stays there.
  assert.equal(udp.lines.filter((line) => line.includes('"isp1"')).length, 1);
  assert.deepEqual(providers.map(wrongPackets), [0, 0]);
}

test("a pulled cable moves new connections, and they come back with it", NEEDS_ROOT, async (t) => {
  await pullCable(t, await uplinksStage(t));
});

test("so it does when connections go past netfilter", { skip: withoutEbpf() }, async (t) => {
  const stage = await uplinksStage(t);
  const netns = stage.gateway;
  turnOnFastPath({ netns, path: "tc", devices: ["isp1", "isp2", "lan"] });
  try {
    await pullCable(t, stage);
    const { devices = [] } = readFastPathStatus({ netns }) ?? {};
    // Both ways of the live connections, by both providers.
    assert.equal(devices.length, 3);
    for (const { name, packets } of devices) assert.ok(packets.forwarded > 0, `nothing past netfilter from ${name}`);
  } finally {
    turnOffFastPath({ netns });
  }
});

test("a provider that falls silent is left, the last one is not", NEEDS_ROOT, async (t) => {
  const stage = await uplinksStage(t);
  const { inside, gateway, providers } = stage;
  const watch = await watching(t, stage);
  const fresh = new Program(t, inside, NEW_CONNECTIONS, EAST, SERVER);
  await fresh.line(() => fresh.lines.length >= 50);
  assert.ok(fresh.lines.every((line) => line.includes('"isp2"')));

  const silent = Date.now();
  setSilent(providers[1], true);
  await event(watch, "isp2", "withdrawn");
  await fresh.line((line) => line.includes('"isp1"'));
  await ended();
  t.diagnostic(`provider silent: ${gapOf(fresh, silent).words}`);

  setSilent(providers[0], true);
  await event(watch, "isp1", "down");
  assert.deepEqual(inUse(gateway), [true, false]);
  setSilent(providers[1], false);
  await event(watch, "isp2", "restored");
  await event(watch, "isp1", "withdrawn");
  assert.deepEqual(inUse(gateway), [false, true]);
  assert.match(answer(inside, EAST, "udp"), /^isp2 /);
  assert.match(answer(inside, WEST, "udp"), /^isp2 203\.0\.113\.20$/);

  // An interface that is taken down and up again has lost its routes until the file is applied again.
  run(gateway, "ip", "link", "set", "isp1", "down");
  await event(watch, "isp1", "gone");
  run(gateway, "ip", "link", "set", "isp1", "up");
  setSilent(providers[0], false);
  const routed = (): boolean[] | undefined => readUplinks(gateway)?.uplinks.map(({ via }) => via !== undefined);
  assert.deepEqual(routed(), [false, true]);
  assert.equal(gatewayStatus({ namespace: gateway }).state, "drifted");
  assert.match(answer(inside, WEST, "udp"), /^isp2 203\.0\.113\.20$/);
  assert.equal(applyGateway({ desired: stage.desired, namespace: gateway }).outcome, "applied");
  assert.deepEqual(routed(), [true, true]);
  await event(watch, "isp1", "restored");
  assert.match(answer(inside, WEST, "udp"), /^isp1 /);
  assert.equal(removeGateway({ namespace: gateway }).outcome, "removed");
  assert.equal(run(gateway, "ip", "route", "show", "table", "all", "type", "throw"), "");
});

/** `meganat uplinks watch`, as it is started. */
async function watching(t: TestContext, { gateway }: UplinksStage): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), "meganat-uplinks-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, FILE);
  const words = ["uplinks", "watch", file, "--netns", gateway, "--json"];
  const started = Date.now();
  const program = new Program(t, undefined, "", join(ROOT, "bin/meganat"), ...words);
  for (let left = 200; left > 0; left--) {
    const status = readUplinks(gateway);
    if (status?.uplinks.every(({ since }) => since !== undefined && Date.parse(since) >= started) === true) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(readUplinks(gateway)?.watched, true);
  return program;
}

/** Until what was begun in vain has been given up. */
function ended(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1500));
}

async function event(watch: Program, link: string, what: string): Promise<void> {
  await watch.line((line) => line.includes(`"link":"${link}","event":"${what}"`));
}

function inUse(gateway: string): boolean[] | undefined {
  return readUplinks(gateway)?.uplinks.map((uplink) => uplink.inUse);
}

/** Without those by which the watch asks whether the provider is back. */
function connectionsOf(gateway: string, mark: number): string[] {
  return run(gateway, "conntrack", "-L", "-m", `${mark}/0xf00000`)
    .split("\n")
    .filter((line) => line !== "" && !line.includes("src=61.138.177.2 dst=198.51.100.7 "));
}

const begunAndBy = (line: string): { begun: number; by?: string } => JSON.parse(line) as { begun: number; by?: string };
const begunOf = (line: string): number => begunAndBy(line).begun;

function timeOf(program: Program, by: string): number {
  const line = program.lines.find((text) => text.includes(`"${by}"`));
  return (JSON.parse(line ?? "{}") as { at?: number }).at ?? NaN;
}

/** Connections begun in vain after something failed. */
function gapOf({ lines }: Program, failed: number): { words: string } {
  const after = lines
    .map(begunAndBy)
    .filter(({ begun }) => begun >= failed)
    .toSorted((a, b) => a.begun - b.begun);
  const lost = after.filter(({ by }) => by === undefined);
  const last = lost.at(-1)?.begun ?? failed;
  return { words: `${lost.length} new connections of 100/s in vain, the last begun after ${last - failed} ms` };
}
