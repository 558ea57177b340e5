import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

const PER_SECOND = 3000;

/** SYNs from forged sources to a port forward: the server answers, and nobody acknowledges. */
export const fault: Fault = {
  id: "syn-flood",
  title: "SYNs from forged sources to a port forward",
  settle: 1000,
  plant: (scene) => {
    // The lab's outside owns every address; forged ones would not say "reset".
    scene.run("outside", "nft", "add table ip forged");
    scene.run("outside", "nft", "add chain ip forged in { type filter hook prerouting priority raw; }");
    scene.run("outside", "nft", "add rule ip forged in tcp sport 8080 drop");
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: `198.${18 + (index & 1)}.${(index >> 9) & 255}.${1 + ((index >> 1) & 127)}`,
        destination: "203.0.113.2",
        content: {
          protocol: "tcp",
          flags: "S",
          sourcePort: 1024 + ((index * 7919) % 60_000),
          destinationPort: 8080,
          sequence: index,
        },
      }),
      { perSecond: PER_SECOND, signal },
    );
  },
  // The flood goes on whatever the gateway does.
  fixable: false,
};
