import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";

/** A telephone kept sending to the public address before the port was forwarded. */
export const fault: Fault = {
  id: "stale-entry",
  title: "a UDP sender outside began before the port forward, and is not forwarded",
  gateway: "none",
  plant: async (scene) => {
    // A firewall was there first: without one the kernel follows no connections.
    scene.nft("table inet firewall { chain fw { type filter hook input priority 0; ct state established accept; }\n}");
    await sendPackets(scene, { side: "outside" }, packet, {
      perSecond: 100,
      count: 4,
      signal: new AbortController().signal,
    });
    scene.nft(`table ip phones {
      chain in { type nat hook prerouting priority dstnat; iifname "wan" udp dport 5060 dnat to 10.64.9.10; }
      chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
    }`);
  },
  traffic: async (scene, signal) => {
    await sendPackets(scene, { side: "outside" }, packet, { perSecond: 4, signal });
  },
};

function packet(index: number): PacketFields {
  return {
    source: "198.51.100.9",
    destination: "203.0.113.2",
    content: { protocol: "udp", sourcePort: 5060 + (index % 4), destinationPort: 5060 },
  };
}
