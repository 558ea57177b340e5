import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** The provider routes a network to the gateway, which has no use for some of its addresses and sends them back. */
export const fault: Fault = {
  id: "ttl-loop",
  title: "addresses not in use are sent back and forth between the gateway and the provider's router",
  plant: (scene) => {
    scene.sysctl("outside", "net.ipv4.ip_forward", 1);
    // Table local comes first, and says that every address is the internet's own.
    scene.run(
      "outside",
      "ip",
      "route",
      "add",
      "unicast",
      "192.0.2.0/24",
      "via",
      "203.0.113.2",
      "dev",
      "wan",
      "table",
      "local",
    );
    for (const name of ["all", "wan"]) scene.sysctl("outside", `net.ipv4.conf.${name}.send_redirects`, 0);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: "198.51.100.9",
        destination: `192.0.2.${1 + (index % 200)}`,
        // Odd and even: it dies here or there, depending on who sent it first.
        ttl: 63 + (index % 2),
        content: { protocol: "udp", sourcePort: 20_000, destinationPort: 53 },
      }),
      { perSecond: 150, signal },
    );
  },
};
