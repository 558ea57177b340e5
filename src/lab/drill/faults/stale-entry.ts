import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";
import { silence } from "../silence.ts";

const CONNECTIONS = 40;

/** Subscribers were already sending when source NAT was set up. */
export const fault: Fault = {
  id: "stale-entry",
  title: "connections began before the rule of source NAT, and go on untranslated",
  gateway: "none",
  plant: async (scene) => {
    silence(scene, "198.51.100.0/24");
    // A firewall was there first: without one the kernel follows no connections.
    scene.nft(
      "table inet firewall { chain fw { type filter hook forward priority 0; ct state established accept; }\n}",
    );
    await sendPackets(scene, { side: "inside" }, packet, {
      perSecond: 1000,
      count: CONNECTIONS,
      signal: new AbortController().signal,
    });
    scene.run("gateway", "iptables", ..."-t nat -A POSTROUTING -s 10.64.0.0/16 -o wan -j MASQUERADE".split(" "));
  },
  traffic: async (scene, signal) => {
    await sendPackets(scene, { side: "inside" }, packet, { perSecond: 100, signal });
  },
  expect: (report) => {
    const words = JSON.stringify(report.findings.find(({ id }) => id === "stale-entry"));
    return words.includes("-s 10.64.0.0/16 -o wan -j MASQUERADE") ? undefined : "the finding does not show the rule";
  },
};

function packet(index: number): PacketFields {
  return {
    source: `10.64.1.${1 + (index % 20)}`,
    destination: "198.51.100.9",
    content: { protocol: "udp", sourcePort: 5000 + (index % CONNECTIONS), destinationPort: 4500 },
  };
}
