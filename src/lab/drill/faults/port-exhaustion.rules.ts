import type { Fault } from "../fault.ts";
import { compareRefusals, crowd, probe, subscribers, type Refusals } from "../one-destination.ts";

const [FIRST, LAST] = [20_000, 35_999];
const refusals: Refusals = { sent: 0, refused: 0 };

/** Somebody's rule of iptables gives source NAT a range of ports, and it is nearly used up. */
export const fault: Fault = {
  id: "port-exhaustion",
  title: "the port range of somebody's SNAT rule is nearly used up",
  gateway: "none",
  plant: async (scene) => {
    const rule = `-t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source 203.0.113.2:${FIRST}-${LAST}`;
    scene.run("gateway", "iptables", ...rule.split(" "));
    await crowd(scene, Math.round((LAST - FIRST + 1) * 0.985), subscribers(300));
  },
  traffic: (scene, signal) => probe(scene, signal, refusals),
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "port-exhaustion");
    const words = JSON.stringify(finding);
    for (const part of [`${FIRST}-${LAST}`, `iptables -t nat -R POSTROUTING 1`, ":1024-65535"]) {
      if (!words.includes(part)) return `the finding does not name ${part}`;
    }
    return compareRefusals(report, refusals);
  },
};
