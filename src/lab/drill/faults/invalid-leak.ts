import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** A gateway that only masquerades: what inside hosts send late, after their connection's entry has gone, leaves as it is. */
export const fault: Fault = {
  id: "invalid-leak",
  title: "resets of connections that are no longer known leave with private addresses",
  gateway: "none",
  plant: (scene) =>
    scene.nft(`table ip nat {
  chain postrouting { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}`),
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 20)}`,
        destination: "198.51.100.9",
        content: {
          protocol: "tcp",
          flags: index % 4 === 0 ? "SA" : "R",
          sequence: 1000 * index,
          sourcePort: 20_000 + (index % 1000),
          destinationPort: 443,
        },
      }),
      { perSecond: 200, signal },
    );
  },
  expect: (report) => {
    const found = report.findings.find(({ id }) => id === "invalid-leak");
    return found?.subject === "wan" ? undefined : `it names ${found?.subject}`;
  },
};
