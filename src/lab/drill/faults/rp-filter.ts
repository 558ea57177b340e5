import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** Two ways to a network: it sends by one link, and the gateway's route back leads over another. */
export const fault: Fault = {
  id: "rp-filter",
  title: "packets come by one link, their way back leads over another, and rp_filter is strict",
  plant: (scene) => {
    scene.run("gateway", "ip", "route", "add", "198.51.100.0/24", "via", "10.64.9.10", "dev", "lan");
    scene.sysctl("gateway", "net.ipv4.conf.wan.rp_filter", 1);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: `198.51.100.${1 + (index % 20)}`,
        destination: "203.0.113.2",
        content: { protocol: "tcp", flags: "S", sourcePort: 30_000 + (index % 1000), destinationPort: 8080 },
      }),
      { perSecond: 200, signal },
    );
  },
};
