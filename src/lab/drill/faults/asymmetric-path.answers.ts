import { bypass } from "../bypass.ts";
import type { Fault } from "../fault.ts";
import { browse } from "./asymmetric-path.ts";

/** Only what the servers send passes through the gateway. */
export const fault: Fault = {
  id: "asymmetric-path",
  title: "what subscribers send leaves by a second router, the answers come through this one",
  gateway: "none",
  plant: (scene) => bypass(scene, "questions"),
  settle: 1500,
  traffic: browse,
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "asymmetric-path");
    return finding?.summary.includes("from the servers") === true ? undefined : `it says: ${finding?.summary}`;
  },
};
