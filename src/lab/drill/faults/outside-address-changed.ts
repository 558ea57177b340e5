import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";
import { silence } from "../silence.ts";

const [OLD, NEW] = ["203.0.113.50", "203.0.113.60"];
const CONNECTIONS = 100;

/** The provider has given the host another address, and the rule has been changed; what was open goes on as before. */
export const fault: Fault = {
  id: "outside-address-changed",
  title: "the outside address has changed, and open connections keep the old one",
  gateway: "none",
  plant: async (scene) => {
    silence(scene, "198.51.100.0/24");
    scene.run("gateway", "ip", "address", "add", `${OLD}/32`, "dev", "wan");
    scene.nft(`table ip provider {
      chain out { type nat hook postrouting priority srcnat; oifname "wan" snat to ${OLD}; }
    }`);
    await sendPackets(scene, { side: "inside" }, packet, {
      perSecond: 1000,
      count: CONNECTIONS,
      signal: new AbortController().signal,
    });
    scene.run("gateway", "ip", "address", "del", `${OLD}/32`, "dev", "wan");
    scene.run("gateway", "ip", "address", "add", `${NEW}/32`, "dev", "wan");
    scene.nft(`flush chain ip provider out; add rule ip provider out oifname "wan" snat to ${NEW}`);
  },
  traffic: async (scene, signal) => {
    await sendPackets(scene, { side: "inside" }, packet, { perSecond: 100, signal });
  },
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "outside-address-changed");
    return finding?.subject === OLD ? undefined : `the finding is about ${finding?.subject}, not about ${OLD}`;
  },
};

function packet(index: number): PacketFields {
  return {
    source: `10.64.1.${1 + (index % 50)}`,
    destination: "198.51.100.9",
    content: { protocol: "udp", sourcePort: 5000 + (index % CONNECTIONS), destinationPort: 4500 },
  };
}
