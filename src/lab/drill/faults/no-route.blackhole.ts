import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** A route against an attack was forgotten, and says nothing to anybody. */
export const fault: Fault = {
  id: "no-route",
  title: "a blackhole route refuses the destination",
  plant: (scene) => void scene.run("gateway", "ip", "route", "add", "blackhole", "198.51.100.0/24"),
  traffic: (scene, signal) => sendUdp(scene, signal),
  expect: (report) => {
    const found = report.findings.find(({ id }) => id === "no-route")?.subject;
    return found === "blackhole 198.51.100.0/24" ? undefined : `it names ${found}`;
  },
};
