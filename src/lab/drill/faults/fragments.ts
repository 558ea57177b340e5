import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

const DATAGRAM = 1800;
const FIRST = 1480;

/** Fragments without the rest fill the memory for them, and then honest ones find no room. */
export const fault: Fault = {
  id: "fragments",
  title: "the memory for fragments is full",
  plant: (scene) => {
    scene.sysctl("gateway", "net.ipv4.ipfrag_low_thresh", 49_152);
    scene.sysctl("gateway", "net.ipv4.ipfrag_high_thresh", 65_536);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => {
        const packet = {
          source: `10.64.1.${1 + (index % 9)}`,
          destination: "198.51.100.9",
          identification: index & 0xffff,
          content: { protocol: "udp", sourcePort: 20_000 + (index % 500), destinationPort: 7, data: DATAGRAM },
        } as const;
        const first = { ...packet, fragment: { offset: 0, length: FIRST } };
        const rest = { ...packet, fragment: { offset: FIRST, length: DATAGRAM } };
        return index % 2 === 0 ? first : [first, rest];
      },
      { perSecond: 200, signal },
    );
  },
};
