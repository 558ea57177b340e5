import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { formatIpv4, parseIpv4 } from "../../src/address/ipv4.ts";
import { readConntrackCount, readConntrackStats } from "../../src/kernel/conntrack/statistics.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { CROWDED } from "../../src/lab/drill/one-destination.ts";
import { sendPackets } from "../../src/lab/drill/packets.ts";
import { buildScene, DRILL_GATEWAY, type Scene } from "../../src/lab/drill/scene.ts";
import { silence } from "../../src/lab/drill/silence.ts";
import { refusalWhenFilled } from "../../src/plan/port-refusal.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// Many subscribers fill their blocks towards one destination, one connection after another, and the kernel's own search
// gives out the ports. Nothing is sent twice, so every refusal is missing in conntrack's count.

const FIRST_SUBSCRIBER = parseIpv4("10.64.1.0") ?? 0;
const PER_SECOND = 30_000;
const SETTLE_MS = 200;
const MAX = "net.netfilter.nf_conntrack_max";

/** Fills the blocks of so many subscribers from `from` to `to` connections each; gives how many were refused. */
async function fill(scene: Scene, subscribers: number, from: number, to: number): Promise<number> {
  const before = readConntrackCount(scene.gateway);
  const count = (to - from) * subscribers;
  const packet = (number: number) => ({
    source: formatIpv4(FIRST_SUBSCRIBER + (number % subscribers)),
    destination: CROWDED.address,
    content: {
      protocol: "udp" as const,
      // No two of a subscriber's connections have the same, and none lies in a block on purpose.
      sourcePort: 1024 + (((from + Math.floor(number / subscribers)) * 40_503) % 64_512),
      destinationPort: CROWDED.port,
    },
  });
  const signal = AbortSignal.timeout(60_000);
  assert.equal(await sendPackets(scene, { side: "inside" }, packet, { perSecond: PER_SECOND, count, signal }), count);
  await sleep(SETTLE_MS);
  return count - (readConntrackCount(scene.gateway) - before);
}

async function withBlocks(size: number, selection: string, run: (scene: Scene) => Promise<void>): Promise<void> {
  const gateway = DRILL_GATEWAY.replace("10-203.0.113.13", "10-203.0.113.29").replace(
    "to: public }",
    `to: public, ports: { per-subscriber: ${size}, selection: ${selection} } }`,
  );
  const scene = await buildScene(gateway);
  try {
    silence(scene, CROWDED.address);
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout", 180);
    await run(scene);
  } finally {
    await scene.close();
  }
}

for (const [size, selection, subscribers] of [
  [64, "preserve", 500],
  [128, "preserve", 300],
  [128, "random", 300],
] as const) {
  void test(`every port of ${subscribers} blocks of ${size} is found (${selection})`, NEEDS_ROOT, async () => {
    const limit = readSysctl(undefined, MAX);
    await withBlocks(size, selection, async (scene) => {
      assert.equal(await fill(scene, subscribers, 0, size), 0);
      assert.equal(readConntrackCount(scene.gateway), size * subscribers);
      assert.equal(readConntrackStats(scene.gateway).sum.insertFailed, 0);
      // And one more each is one too many.
      assert.equal(await fill(scene, subscribers, size, size + 1), subscribers);
      assert.equal(readConntrackStats(scene.gateway).sum.insertFailed, subscribers);
    });
    assert.equal(readSysctl(undefined, MAX), limit);
  });
}

void test("larger blocks are refused ports that are free, as often as the plan says", NEEDS_ROOT, async () => {
  const [size, subscribers] = [256, 120];
  await withBlocks(size, "preserve", async (scene) => {
    await fill(scene, subscribers, 0, 250);
    const used = readConntrackCount(scene.gateway) / subscribers;
    const asked = 4;
    const refused = await fill(scene, subscribers, 250, 250 + asked);
    const measured = refused / (subscribers * asked);
    const law = refusalWhenFilled(used + asked / 2, size);
    assert.ok(measured > law / 3 && measured < law * 3, `${measured} were refused, ${law} by the law of runs`);
  });
});
