import type { Fault } from "../fault.ts";
import { HTTP_PORTS } from "../../services/service-ports.ts";
import { sendPackets } from "../packets.ts";

/** The zone is set by iptables, and the connections are TCP: their answers are invalid in zone 0. */
export const fault: Fault = {
  id: "zones",
  title: "TCP connections from inside are in a zone of their own, their answers are not",
  gateway: "none",
  plant: (scene) => {
    for (const rule of ["-t raw -A PREROUTING -i lan -j CT --zone 7", "-t nat -A POSTROUTING -o wan -j MASQUERADE"]) {
      scene.run("gateway", "iptables", ...rule.split(" "));
    }
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 50)}`,
        destination: "198.18.0.7",
        content: {
          protocol: "tcp",
          flags: "S",
          sourcePort: 20_000 + (index % 20_000),
          destinationPort: HTTP_PORTS[0],
          data: 0,
        },
      }),
      { perSecond: 50, signal },
    );
  },
};
