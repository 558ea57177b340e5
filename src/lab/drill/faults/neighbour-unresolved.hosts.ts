import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** A route says that a network is on the link itself, and nobody of it is there. */
export const fault: Fault = {
  id: "neighbour-unresolved",
  title: "a route leads to hosts on the link that are not there",
  plant: (scene) => {
    // 1: answer only for addresses of the interface itself, as the router does for its own.
    scene.sysctl("outside", "net.ipv4.conf.wan.arp_ignore", 1);
    scene.run("gateway", "ip", "route", "add", "192.0.2.0/24", "dev", "wan");
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: `192.0.2.${1 + (index % 8)}`,
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: 53 },
      }),
      { perSecond: 200, signal },
    );
  },
  settle: 1500,
};
