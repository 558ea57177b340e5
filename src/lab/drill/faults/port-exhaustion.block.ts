import type { Fault } from "../fault.ts";
import { crowd, CROWDED, probe, type Refusals } from "../one-destination.ts";
import { DRILL_GATEWAY } from "../scene.ts";

const BLOCK = 128;
const GREEDY = "10.64.2.7";
const refusals: Refusals = { sent: 0, refused: 0 };

/** One subscriber has filled its own port block; the others have theirs. */
export const fault: Fault = {
  id: "port-exhaustion",
  title: "a subscriber has filled its port block towards one destination",
  gateway: DRILL_GATEWAY.replace("to: public }", `to: public, ports: { per-subscriber: ${BLOCK} } }`),
  plant: (scene) => crowd(scene, BLOCK, [GREEDY]),
  traffic: (scene, signal) => probe(scene, signal, refusals, { source: GREEDY, clean: false }),
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "port-exhaustion");
    const words = JSON.stringify(finding);
    for (const part of [GREEDY, `udp ${CROWDED.address}:${CROWDED.port}`, `${BLOCK} ports`, "per-subscriber: 256"]) {
      if (!words.includes(part)) return `the finding does not name ${part}`;
    }
    // Some come from a port that has its connection already.
    if (refusals.refused < refusals.sent * 0.97)
      return `of ${refusals.sent} connections only ${refusals.refused} were refused`;
    const use = report.capacity.fullest[0];
    return use?.refusalChance === 1 ? undefined : `it says that ${use?.refusalChance} of connections are refused`;
  },
};
