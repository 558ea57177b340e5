import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

const SHAPER = [
  "qdisc add dev lan root handle 1: htb default 10",
  "class add dev lan parent 1: classid 1:10 htb rate 200kbit ceil 200kbit",
  "qdisc add dev lan parent 1:10 handle 10: pfifo limit 10",
];

/** A class of a shaper on the inside link is slower than what comes for it: replies of a server die in it. */
export const fault: Fault = {
  id: "queue-drops",
  title: "a shaper's class towards the subscribers has a short queue",
  plant: (scene) => {
    for (const line of SHAPER) scene.run("gateway", "tc", ...line.split(" "));
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: "198.51.100.9",
        content: { protocol: "udp", sourcePort: 20_000 + (index % 100), destinationPort: 7, data: 400 },
      }),
      { perSecond: 300, signal },
    );
  },
};
