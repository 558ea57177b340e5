import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import { silence } from "../silence.ts";

const PORT = 51_820;

/** An inside host sends from the port of a forwarded service, to those whose packets it wants. */
export const fault: Fault = {
  id: "port-shadow",
  title: "an inside host takes the port of a forwarded VPN service towards a peer of it",
  gateway: "none",
  plant: (scene) => {
    silence(scene, "198.51.100.0/24");
    scene.nft(`table ip vpn {
      chain in { type nat hook prerouting priority dstnat; iifname "wan" udp dport ${PORT} dnat to 10.64.9.10; }
      chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
    }`);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: "10.64.1.66",
        destination: "198.51.100.7",
        content: { protocol: "udp", sourcePort: PORT, destinationPort: 40_000 + (index % 3) },
      }),
      { perSecond: 10, signal, count: 3 },
    );
  },
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "port-shadow");
    if (finding?.subject !== `203.0.113.2:${PORT}/udp`) return `the finding is about ${finding?.subject}`;
    return JSON.stringify(finding).includes("10.64.1.66") ? undefined : "it does not say whose connections they are";
  },
};
