import type { Fault } from "../fault.ts";
import { compareRefusals, crowd, probe, subscribers, type Refusals } from "../one-destination.ts";

const [FIRST, LAST] = [30_000, 45_999];
const refusals: Refusals = { sent: 0, refused: 0 };

/** Everybody calls one server through the one address of the outside interface. */
export const fault: Fault = {
  id: "port-exhaustion",
  title: "one destination has nearly all ports of a masqueraded address",
  gateway: "none",
  plant: async (scene) => {
    scene.nft(`table inet home {
      chain out { type nat hook postrouting priority srcnat; oifname "wan" meta l4proto udp masquerade to :${FIRST}-${LAST} fully-random; }
    }`);
    await crowd(scene, Math.round((LAST - FIRST + 1) * 0.985), subscribers(300));
  },
  traffic: (scene, signal) => probe(scene, signal, refusals),
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "port-exhaustion");
    if (!JSON.stringify(finding).includes(`${FIRST}-${LAST}`)) return "the finding does not show the rule";
    return compareRefusals(report, refusals);
  },
};
