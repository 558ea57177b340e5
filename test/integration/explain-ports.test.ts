import assert from "node:assert/strict";
import { test } from "node:test";
import type { Explanation } from "../../src/diagnose/explain/explanation.ts";
import { lookupConnection } from "../../src/kernel/conntrack/lookup.ts";
import { crowd, CROWDED } from "../../src/lab/drill/one-destination.ts";
import { sendPackets } from "../../src/lab/drill/packets.ts";
import { buildScene, DRILL_GATEWAY, type Scene } from "../../src/lab/drill/scene.ts";
import { look, target, UDP } from "../fixtures/explained.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// A subscriber whose block is used up towards one destination: refused there, and nowhere else, and nobody else is.

const BLOCK = 64;
const GATEWAY = DRILL_GATEWAY.replace("to: public }", `to: public, ports: { per-subscriber: ${BLOCK} } }`);
const [FULL, OTHER] = ["10.64.1.9", "10.64.1.10"];

test("the subscriber's block is the limit", NEEDS_ROOT, async () => {
  const scene = await buildScene(GATEWAY);
  try {
    await crowd(scene, BLOCK, [FULL]);
    const explainer = await look(scene.gateway);
    const ask = (source: string, destination: string): Explanation =>
      explainer.explain(target(UDP, source, 1000, destination, CROWDED.port));
    const refused = ask(FULL, CROWDED.address);
    assert.equal(refused.passes, "no");
    const { text = "", ...limit } = refused.limits.find(({ id }) => id === "ports") ?? {};
    assert.deepEqual(limit, { id: "ports", state: "refuses", chance: 1 });
    assert.match(
      text,
      /^203\.0\.113\.1\d has 0 of 64 ports \(\d+-\d+\) left towards 198\.18\.0\.9:443: 100 % in use, .*; most of them by 10\.64\.1\.9 \(64\)$/,
    );
    assert.match(refused.verdict, /; it is refused: 203\.0\.113\.1\d has 0 of 64 ports/);
    for (const other of [ask(FULL, "198.18.0.10"), ask(OTHER, CROWDED.address)]) {
      assert.equal(other.passes, "yes");
      assert.match(
        other.limits.find(({ id }) => id === "ports")?.text ?? "",
        /^none of the 64 ports \(\d+-\d+\) is in use/,
      );
    }
    // And so it is.
    await send(scene, FULL, CROWDED.address);
    await send(scene, FULL, "198.18.0.10");
    await send(scene, OTHER, CROWDED.address);
    assert.equal(isThere(scene, FULL, CROWDED.address), false);
    assert.equal(isThere(scene, FULL, "198.18.0.10"), true);
    assert.equal(isThere(scene, OTHER, CROWDED.address), true);
  } finally {
    await scene.close();
  }
});

async function send(scene: Scene, source: string, destination: string): Promise<void> {
  const content = { protocol: "udp", sourcePort: 1000, destinationPort: CROWDED.port } as const;
  const signal = AbortSignal.timeout(5000);
  const packet = { source, destination, content };
  assert.equal(await sendPackets(scene, { side: "inside" }, () => packet, { perSecond: 100, count: 1, signal }), 1);
}

function isThere(scene: Scene, source: string, destination: string): boolean {
  const tuple = { source, sourcePort: 1000, destination, destinationPort: CROWDED.port, protocol: UDP };
  return lookupConnection(scene.gateway, tuple) !== undefined;
}
