import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** A firewall before the gateway passes only first fragments. */
export const fault: Fault = {
  id: "fragments",
  title: "the second fragments never come",
  // Not the usual 30 s: the doctor looks for two.
  plant: (scene) => scene.sysctl("gateway", "net.ipv4.ipfrag_time", 1),
  settle: 1500,
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: "10.64.1.9",
        destination: "198.51.100.9",
        identification: index & 0xffff,
        fragment: { offset: 0, length: 1480 },
        content: { protocol: "udp", sourcePort: 20_000 + (index % 500), destinationPort: 7, data: 1800 },
      }),
      { perSecond: 100, signal },
    );
  },
  expect: (report) =>
    report.findings.some(({ id, subject }) => id === "fragments" && subject === "incomplete")
      ? undefined
      : "another kind",
};
