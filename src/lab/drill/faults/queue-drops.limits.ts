import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import { DRILL_GATEWAY } from "../scene.ts";
import { GREEDY } from "../too-much.ts";

/** A subscriber sends more than the gateway file's rate for each: its packets die in its class, and nobody else's. */
export const fault: Fault = {
  id: "queue-drops",
  title: "a subscriber sends faster than the gateway file lets each",
  gateway: `${DRILL_GATEWAY}limits: { per-subscriber: { up: 200kbit } }\n`,
  plant: () => undefined,
  traffic: async (scene, signal) => {
    const content = { protocol: "udp", sourcePort: 20_000, destinationPort: 4000, data: 400 } as const;
    const packet = { source: GREEDY, destination: "198.51.100.9", content };
    await sendPackets(scene, { side: "inside" }, () => packet, { perSecond: 2000, signal });
  },
  settle: 2000,
  expect: (report) => {
    const found = report.findings.find(({ id }) => id === "queue-drops");
    if (found?.severity !== "note") return `it is told as ${found?.severity}`;
    if (!found.summary.endsWith(`: ${GREEDY} held to the rate in the gateway file`)) return `it says: ${found.summary}`;
    return found.top?.rows[0]?.startsWith(GREEDY) === true ? undefined : "it does not name the subscriber";
  },
};
