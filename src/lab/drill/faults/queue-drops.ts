import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** The outside link is shaped to less than what is sent, with a short queue. */
export const fault: Fault = {
  id: "queue-drops",
  title: "a shaper on the outside link is slower than the traffic",
  plant: (scene) => {
    scene.run(
      "gateway",
      ...("tc qdisc add dev wan root tbf rate 100kbit burst 2kb limit 6kb".split(" ") as [string, ...string[]]),
    );
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: "198.51.100.9",
        content: { protocol: "udp", sourcePort: 20_000 + (index % 100), destinationPort: 4000, data: 400 },
      }),
      { perSecond: 200, signal },
    );
  },
};
