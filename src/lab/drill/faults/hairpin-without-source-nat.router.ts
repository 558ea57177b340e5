import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** Caller and server are in different networks, both behind the same inside router: it sends the answer straight back. */
export const fault: Fault = {
  id: "hairpin-without-source-nat",
  title: "caller and server of a forwarded UDP port are behind the same inside router",
  gateway: "none",
  plant: (scene) => {
    for (const network of ["10.70.0.0/16", "10.71.0.0/16"]) {
      scene.run("gateway", "ip", "route", "add", network, "via", "10.64.0.2");
    }
    scene.nft(`table inet forwards {
      chain in { type nat hook prerouting priority dstnat; ip daddr 203.0.113.2 udp dport 5353 dnat ip to 10.70.1.10; }
      chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
    }`);
  },
  settle: 1500,
  traffic: async (scene, signal) => {
    // Each asks again later: an answer would have come.
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: "10.71.1.5",
        destination: "203.0.113.2",
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: 5353 },
      }),
      { perSecond: 10, signal },
    );
  },
};
