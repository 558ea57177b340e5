import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readLinkCounters } from "../../src/kernel/counters/link-counters.ts";
import { listNamespaces } from "../../src/kernel/namespace.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { fastPathBetween } from "../../src/bench/fast-path-switch.ts";
import { withArm, type Band } from "../../src/bench/forward/arms.ts";
import { connectionSet, makeConnections, requireAssured } from "../../src/bench/forward/connections.ts";
import { benchmarkForward } from "../../src/bench/forward/forward-benchmark.ts";
import { layOutOrder } from "../../src/bench/forward/order.ts";
import { OUTSIDE_LINK, Player } from "../../src/bench/forward/player.ts";
import { forwardJson } from "../../src/bench/forward/result.ts";
import { writeScore } from "../../src/bench/forward/score.ts";
import { buildStage } from "../../src/bench/forward/stage.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { labNamespacesOf, LabWatch } from "../fixtures/labs-of.ts";
import { execIn } from "../fixtures/three-namespaces.ts";

const skip = withoutEbpf();
const LIMITS = ["net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_buckets"];
const CONNECTIONS = 1000;

const limits = (): (string | undefined)[] => LIMITS.map((name) => readSysctl(undefined, name));

/** Sum of the packets that connection tracking has counted in the original direction, by conntrack(8). */
function trackedPackets(namespace: string): number {
  const entries = execIn(namespace, "conntrack", "-L", "-p", "udp").matchAll(/ packets=(\d+) .*? src=/g);
  return [...entries].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

test("what the receiver counts is what conntrack and the interfaces count", { skip }, async () => {
  const before = limits();
  const stage = await buildStage(CONNECTIONS);
  try {
    const gateway = stage.translating.topology.namespaces.gateway;
    writeSysctl(gateway, "net.netfilter.nf_conntrack_acct", "1");
    await makeConnections(stage.translating, { connections: CONNECTIONS, seed: 1, assured: true });
    const set = connectionSet(CONNECTIONS, 1);
    requireAssured(gateway, set, 1);
    assert.equal(execIn(gateway, "conntrack", "-L", "-p", "udp").match(/\[ASSURED\]/g)?.length, CONNECTIONS);

    const score = writeScore(set, CONNECTIONS, layOutOrder({ kind: "even", connections: CONNECTIONS }, 1));
    const translating = await Player.open(stage.translating.topology, score, 0);
    const plain = await Player.open(stage.plain.topology, score, 0);
    const band: Band = { stage, translating, plain, fastPath: undefined };
    try {
      // The gateways ask for their next hop's address first, and hold only so many packets meanwhile.
      for (const player of [translating, plain]) await player.play({ milliseconds: 20 });
      await sleep(200);
      const left = (namespace: string): number =>
        readLinkCounters(namespace).find(({ name }) => name === OUTSIDE_LINK)?.counters.txPackets ?? 0;
      const warm = translating.counts();
      const tracked = trackedPackets(gateway);
      const sentOut = left(gateway);
      await withArm(band, "netfilter", (player) => player.play({ milliseconds: 100 }));
      await sleep(100);
      const counts = translating.counts();
      const sent = counts.sent - warm.sent;
      assert.ok(sent > CONNECTIONS, `${sent} sent`);
      assert.equal(counts.translated - warm.translated, sent);
      assert.equal(counts.untranslated, 0);
      assert.equal(trackedPackets(gateway) - tracked, sent);
      const others = left(gateway) - sentOut - sent;
      assert.ok(others >= 0 && others < 10, `${others} packets besides, of ARP`);

      for (const arm of ["routed", "ceiling", "generator"] as const) {
        const earlier = plain.counts();
        await withArm(band, arm, async (player) => {
          await player.play({ milliseconds: 50 });
          await sleep(100);
        });
        const now = plain.counts();
        assert.ok(now.sent > earlier.sent, arm);
        assert.equal(now.untranslated - earlier.untranslated, now.sent - earlier.sent, arm);
        assert.equal(now.translated, 0, arm);
      }
    } finally {
      await translating.close();
      await plain.close();
    }
  } finally {
    await stage.close();
  }
  assert.deepEqual(limits(), before);
});

test("a whole benchmark, with every arm", { skip }, async () => {
  const before = limits();
  const labs = new LabWatch();
  const result = await benchmarkForward({
    conditions: [
      { mix: { kind: "even", connections: 500 }, table: 500, length: { warmUp: 10, measured: 30 } },
      { mix: { kind: "zipf", connections: 2000, exponent: 1.1 }, table: 3000, length: { warmUp: 10, measured: 30 } },
    ],
    rounds: 2,
    seed: 3,
    lossFree: false,
    fastPath: fastPathBetween(["lan", "wan"]),
    onStep: () => labs.look(),
  });
  const { arms, measurements } = forwardJson(result, 3);
  assert.deepEqual(Object.keys(arms), ["generator", "ceiling", "routed", "netfilter", "tc", "xdp"]);
  assert.deepEqual(
    measurements.map(({ inTable, rounds }) => [inTable, rounds]),
    [
      [500, 2],
      [3000, 2],
    ],
  );
  for (const { arms: of } of measurements) {
    for (const [arm, figures] of Object.entries(of)) assert.ok(figures.pps > 0 && figures.runs.length === 2, arm);
  }
  assert.equal(labs.seen, 6);
  assert.deepEqual(labs.left(), []);
  assert.deepEqual(limits(), before);
});

test("kill -9 in the middle: nothing is left, and the limits are put back", { skip }, async () => {
  const before = limits();
  const owner = spawn(
    process.execPath,
    [...loaderWords(import.meta.url), fileURLToPath(ownModule("../fixtures/bench-owner", import.meta.url))],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await Promise.race([once(owner.stdout, "data"), once(owner, "exit")]);
  const made = labNamespacesOf(owner.pid ?? 0);
  owner.kill("SIGKILL");
  assert.equal(made.length, 6);
  const left = (): string[] => listNamespaces().filter((name) => made.includes(name));
  for (let tries = 0; tries < 200 && left().length > 0; tries++) await sleep(50);
  assert.deepEqual(left(), []);
  for (let tries = 0; tries < 100 && limits().join() !== before.join(); tries++) await sleep(50);
  assert.deepEqual(limits(), before);
});
