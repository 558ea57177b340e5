import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** Packets from outside damaged in their IP header: they die before routing looks at them. */
export const fault: Fault = {
  id: "checksum",
  title: "packets from outside arrive with a damaged IP header",
  plant: () => undefined,
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: "198.51.100.9",
        destination: "203.0.113.10",
        content: { protocol: "udp", sourcePort: 53, destinationPort: 20_000 + (index % 20_000) },
        wrongChecksum: "ip",
      }),
      { perSecond: 100, signal },
    );
  },
};
