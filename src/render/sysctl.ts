import type { Plan } from "../plan/plan.ts";
import type { SysctlSetting } from "./desired-state.ts";

/** Every kernel setting the plan proposes. */
export function sysctlSettings(plan: Plan): SysctlSetting[] {
  return plan.sysctls.map(({ name, proposed, scope, reason, atLeast }) => {
    const setting = { name, value: proposed, scope, reason };
    return atLeast === undefined ? setting : { ...setting, atLeast };
  });
}

/** The settings as a file for /etc/sysctl.d, each with its reason. */
export function writeSysctlConf(gateway: string, settings: readonly SysctlSetting[]): string {
  const lines = [`# Kernel settings of the gateway ${oneLine(gateway)}.`];
  for (const { name, value, scope, reason, atLeast } of settings) {
    const notes = [...(atLeast === true ? ["at least"] : []), ...(scope === "host" ? ["for the whole host"] : [])];
    lines.push("", `# ${oneLine(reason)}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`, `${name} = ${value}`);
  }
  return `${lines.join("\n")}\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{C}/gu, " ");
}
