import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** The router beyond the wan link answers ARP no more: everything that leaves waits for it and is dropped. */
export const fault: Fault = {
  id: "neighbour-unresolved",
  title: "the next hop of the default route does not answer ARP",
  plant: (scene) => {
    // 8: answer for no local address.
    scene.sysctl("outside", "net.ipv4.conf.wan.arp_ignore", 8);
    scene.run("gateway", "ip", "neigh", "flush", "dev", "wan");
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: "198.51.100.9",
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: 53 },
      }),
      { perSecond: 200, signal },
    );
  },
  settle: 1500,
  expect: ({ findings }) =>
    findings.some(({ id, subject }) => id === "neighbour-unresolved" && subject === "203.0.113.1")
      ? undefined
      : "the next hop is not named",
};
