import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";
import { silence } from "../silence.ts";

const CONNECTIONS = 30;

/** A gateway file was applied while subscribers were sending: what they began before does not get out. */
export const fault: Fault = {
  id: "stale-entry",
  title: "connections began before the gateway file was applied, and may not leave untranslated",
  plant: async (scene) => {
    silence(scene, "198.51.100.0/24");
    const rules = scene.run("gateway", "nft", "list", "table", "ip", "meganat");
    // A firewall was there first: without one the kernel follows no connections.
    scene.nft(
      "table inet firewall { chain fw { type filter hook forward priority 0; ct state established accept; }\n}",
    );
    scene.nft("delete table ip meganat");
    await sendPackets(scene, { side: "inside" }, packet, {
      perSecond: 1000,
      count: CONNECTIONS,
      signal: new AbortController().signal,
    });
    scene.nft(rules);
  },
  traffic: async (scene, signal) => {
    await sendPackets(scene, { side: "inside" }, packet, { perSecond: 100, signal });
  },
};

function packet(index: number): PacketFields {
  return {
    source: `10.64.1.${1 + (index % 20)}`,
    destination: "198.51.100.9",
    content: { protocol: "udp", sourcePort: 5000 + (index % CONNECTIONS), destinationPort: 4500 },
  };
}
