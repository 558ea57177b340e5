import assert from "node:assert/strict";
import { test } from "node:test";
import { traceWords, type TraceWords } from "../../src/diagnose/explain/traced.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { buildScene, type Scene } from "../../src/lab/drill/scene.ts";
import type { Explainer, ExplainTarget } from "../../src/observe/explain.ts";
import { TRACE_TABLE, tracePackets } from "../../src/observe/explain/trace.ts";
import { CASES, exchange, look, restore, sendOne, target, UDP, WATCHERS } from "../fixtures/explained.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// What the kernel's own trace says of a connection's packets must be what explain foresaw.

for (const [place, load] of [
  ["the gateway and somebody's nft rules", (scene: Scene) => scene.nft(WATCHERS)],
  ["docker's rules of iptables-nft", restore("iptables-nft")],
] as const) {
  test(`traces go as foreseen: ${place}`, NEEDS_ROOT, async () => {
    const scene = await buildScene(...(place.startsWith("docker") ? ["none"] : []));
    try {
      load(scene);
      // As left by a process that was killed.
      scene.nft(`table inet ${TRACE_TABLE} { chain prerouting { type filter hook prerouting priority -400; }; }`);
      const explainer = await look(scene.gateway);
      const out = target(UDP, "10.64.1.9", 40_011, "198.51.100.80", 7);
      const client = await scene.client("inside");
      const [sent, answered] = await trace(scene, explainer, out, 2, async () => exchange(client, out));
      assert.match(sent?.from ?? "", /^10\.64\.1\.9:40011 > 198\.51\.100\.80:7, in by lan$/);
      assert.match(answered?.from ?? "", /^198\.51\.100\.80:7 > \S+, in by wan$/);
      assert.deepEqual([sent?.differences, answered?.differences], [[], []]);
      assert.match(sent?.end ?? "", /^left by wan as 203\.0\.113\.\d+:40011 > 198\.51\.100\.80:7$/);
      assert.equal(answered?.end, "left by lan as 198.51.100.80:7 > 10.64.1.9:40011");
      const one = CASES.find(({ dropped, only }) => dropped !== undefined && only?.test(place) === true);
      assert.ok(one !== undefined);
      const [lost] = await trace(scene, explainer, one.target, 1, () => sendOne(scene, one));
      assert.deepEqual(lost?.differences, []);
      assert.ok(lost.dropped);
      assert.match(lost.end, /^dropped by (rule handle \d+ of chain inet watch fresh|policy drop of chain FORWARD)/);
      assert.equal(runInNamespace(scene.gateway, "nft", ["list", "tables"]).stdout.includes(TRACE_TABLE), false);
    } finally {
      await scene.close();
    }
  });
}

/** The words of a connection's first packets, which `send` sends. */
async function trace(
  scene: Scene,
  explainer: Explainer,
  { protocol, tuple, incoming }: ExplainTarget,
  packets: number,
  send: () => Promise<void>,
): Promise<TraceWords[]> {
  const explanation = explainer.explain({ protocol, tuple, ...(incoming === undefined ? {} : { incoming }) });
  const { rules } = explainer.signals;
  assert.ok(rules !== undefined);
  const traced: TraceWords[] = [];
  let sending: Promise<void> | undefined;
  await tracePackets({
    namespace: scene.gateway,
    protocol,
    tuple,
    packets,
    seconds: 5,
    onReady: () => {
      sending = send();
    },
    onPacket: (packet) => {
      const way = explanation.ways.find((one) => (one.packet === "answer") === (packet.direction === "answer"));
      traced.push(traceWords(packet, rules, way));
    },
  });
  await sending;
  return traced;
}
