import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** A port forward to a service that listens on 127.0.0.1 only. */
export const fault: Fault = {
  id: "martians",
  title: "a port is forwarded to 127.0.0.1",
  plant: (scene) =>
    scene.nft(`table ip webapp {
  chain prerouting { type nat hook prerouting priority -110; iifname "wan" tcp dport 8443 dnat to 127.0.0.1:443; }
}`),
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: "198.51.100.9",
        destination: "203.0.113.2",
        content: { protocol: "tcp", flags: "S", sourcePort: 20_000 + (index % 10_000), destinationPort: 8443 },
      }),
      { perSecond: 200, signal },
    );
  },
  expect: (report) =>
    report.findings.some(({ id, subject }) => id === "martians" && subject === "to-loopback")
      ? undefined
      : "another kind",
};
