import type { Plan } from "../../plan/plan.ts";
import type { SysctlSetting } from "../desired-state.ts";
import { letsPacketsThrough } from "../packets-through.ts";
import { sysctlSettings } from "../sysctl.ts";

/**
 * Settings that may hold from the start of the machine on: all but those that let packets through, which `meganat apply`
 * makes once the rules are in place. `stock` is the plan for a machine that has just started.
 */
export function settingsAtBoot(stock: Plan): SysctlSetting[] {
  return sysctlSettings(stock).filter(({ name }) => !letsPacketsThrough(name));
}
