import type { Fault } from "../fault.ts";
import { compareRefusals, crowd, probe, subscribers, type Refusals } from "../one-destination.ts";
import { DRILL_GATEWAY } from "../scene.ts";

const [FIRST, LAST] = [1024, 17_023];
const refusals: Refusals = { sent: 0, refused: 0 };

/** Everybody calls one server through one public address, nearly all of whose ports are taken. */
export const fault: Fault = {
  id: "port-exhaustion",
  title: "one destination has nearly all ports of a shared public address",
  gateway: DRILL_GATEWAY.replace(
    "203.0.113.10-203.0.113.13, ports: 1024-65535",
    `203.0.113.10, ports: ${FIRST}-${LAST}`,
  ),
  plant: (scene) => crowd(scene, Math.round((LAST - FIRST + 1) * 0.985), subscribers(300)),
  traffic: (scene, signal) => probe(scene, signal, refusals),
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "port-exhaustion");
    const words = JSON.stringify(finding);
    for (const part of ["203.0.113.10", "udp 198.18.0.9:443", "10.64."]) {
      if (!words.includes(part)) return `the finding does not name ${part}`;
    }
    return compareRefusals(report, refusals);
  },
};
