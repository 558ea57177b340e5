import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** A host of the inside was given the gateway's address. */
export const fault: Fault = {
  id: "martians",
  title: "packets come from the gateway's own address",
  plant: () => undefined,
  traffic: (scene, signal) => sendUdp(scene, signal, { source: "10.64.0.1" }),
  expect: (report) =>
    report.findings.some(({ id, subject }) => id === "martians" && subject === "own-source")
      ? undefined
      : "another kind",
};
