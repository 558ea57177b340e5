import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** A network behind another router of the inside, to which nobody told the gateway the way. */
export const fault: Fault = {
  id: "rp-filter",
  title: "a network behind the inside has no route, and rp_filter is strict",
  plant: (scene) => scene.sysctl("gateway", "net.ipv4.conf.all.rp_filter", 1),
  traffic: (scene, signal) => sendUdp(scene, signal, { source: "10.77.3.9" }),
  expect: (report) => {
    const fix = report.findings.find(({ id }) => id === "rp-filter")?.fixes[0]?.commands?.[0];
    return fix === "ip route add 10.77.3.0/24 via ROUTER dev lan" ? undefined : `another fix: ${fix}`;
  },
};
