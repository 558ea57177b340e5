import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

const PER_SECOND = 3000;
const SCANNER = "10.64.1.66";

/** A subscriber that tries address after address: a worm. */
export const fault: Fault = {
  id: "syn-flood",
  title: "a subscriber scans the internet",
  settle: 1000,
  plant: (scene) => {
    scene.run("outside", "nft", "add table ip silent");
    scene.run("outside", "nft", "add chain ip silent in { type filter hook prerouting priority raw; }");
    scene.run("outside", "nft", "add rule ip silent in tcp dport 23 drop");
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: SCANNER,
        destination: `198.${18 + ((index >> 16) & 1)}.${(index >> 8) & 255}.${index & 255}`,
        content: {
          protocol: "tcp",
          flags: "S",
          sourcePort: 1024 + ((index * 7919) % 60_000),
          destinationPort: 23,
          sequence: index,
        },
      }),
      { perSecond: PER_SECOND, signal },
    );
  },
  expect: ({ findings }) =>
    findings.some(({ id, summary }) => id === "syn-flood" && summary.includes(SCANNER))
      ? undefined
      : "it does not say who scans",
  fixable: false,
};
