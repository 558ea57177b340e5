import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** A VPN's kill switch is still there though the VPN is not. */
export const fault: Fault = {
  id: "no-route",
  title: "a policy rule prohibits what comes from the inside",
  plant: (scene) => void scene.run("gateway", "ip", "rule", "add", "pref", "100", "iif", "lan", "prohibit"),
  traffic: (scene, signal) => sendUdp(scene, signal),
  expect: (report) => {
    const found = report.findings.find(({ id }) => id === "no-route")?.subject;
    return found === "rule 100" ? undefined : `it names ${found}`;
  },
};
