import type { Report } from "../../diagnose/report.ts";
import { isSysctlWritable } from "../../kernel/sysctl.ts";
import { carryOutFix, undoFix } from "../../remedy/carry-out-fix.ts";
import type { Scene } from "./scene.ts";

/** Carries out the safe fix of a finding on the scene's gateway, and takes it back when the scene ends. */
export function carryOutFoundFix(report: Report, id: string, scene: Scene): void {
  const steps = report.findings
    .find((finding) => finding.id === id)
    ?.fixes.find(({ safe }) => safe !== undefined)?.safe;
  if (steps === undefined) return;
  const place = { namespace: scene.gateway };
  // Limits of the host outlive the lab: they must go back before it goes, and even if all this is killed.
  for (const step of steps) {
    if (step.kind === "sysctl" && !isSysctlWritable(scene.gateway, step.name)) scene.lab.leaveLimit(step.name);
  }
  scene.undo(() => void undoFix(place, id));
  carryOutFix(place, id, steps);
}
