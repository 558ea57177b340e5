import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** Subscribers whose packets leave with a wrong TCP checksum: connection tracking finds them invalid. */
export const fault: Fault = {
  id: "checksum",
  title: "a subscriber's network card spoils TCP checksums",
  plant: () => undefined,
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: "10.64.1.9",
        destination: "198.51.100.9",
        content: { protocol: "tcp", sourcePort: 20_000 + (index % 20_000), destinationPort: 443, flags: "S", data: 0 },
        wrongChecksum: "transport",
      }),
      { perSecond: 200, signal },
    );
  },
};
