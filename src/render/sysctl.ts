import type { Gateway } from "../config/gateway.ts";
import type { Plan } from "../plan/plan.ts";
import type { SysctlSetting } from "./desired-state.ts";
import { interfaceOf } from "./links.ts";
import { placePublicAddresses } from "./public-addresses.ts";

/** Limits and sizes: more than asked for does no harm, and lowering them might, to others on the host. */
const AT_LEAST = [
  /^net\.netfilter\.nf_conntrack_(max|buckets|expect_max)$/,
  /^net\.ipv4\.neigh\.default\.gc_thresh[123]$/,
  /^net\.core\.(netdev_max_backlog|rmem_max|wmem_max|somaxconn)$/,
  /^fs\.(file-max|nr_open)$/,
];

/** Every kernel setting of the plan, and those that the way of reaching public addresses asks for. */
export function sysctlSettings(plan: Plan): SysctlSetting[] {
  const settings = new Map<string, SysctlSetting>();
  for (const { name, proposed, scope, reason } of plan.sysctls) {
    const setting = { name, value: proposed, scope, reason };
    settings.set(name, AT_LEAST.some((limit) => limit.test(name)) ? { ...setting, atLeast: true } : setting);
  }
  for (const setting of reachSettings(plan.gateway)) {
    if (!settings.has(setting.name)) settings.set(setting.name, setting);
  }
  return [...settings.values()];
}

function reachSettings(gateway: Gateway): SysctlSetting[] {
  const settings: SysctlSetting[] = [];
  const add = (key: string, value: string, reason: string): void => {
    settings.push({ name: `net.ipv4.${key}`, value, scope: "namespace", reason });
  };
  for (const { link, reachedBy } of placePublicAddresses(gateway)) {
    if (reachedBy !== "proxy-arp") continue;
    const reason = "answers for proxied public addresses would wait up to 0.8 s, and no more than 64 at a time";
    add(`neigh.${sysctlInterface(gateway, link)}.proxy_delay`, "0", reason);
  }
  for (const { outside } of gateway.twiceNat) {
    const reason =
      "the hosts beyond have addresses whose route, without the mark, leads elsewhere: a strict check drops them";
    add(`conf.${sysctlInterface(gateway, outside.link)}.rp_filter`, "2", reason);
  }
  return settings;
}

/** The interface inside a sysctl's name: its dots become slashes, as sysctl(8) has it. */
function sysctlInterface(gateway: Gateway, link: string): string {
  return interfaceOf(gateway, link).replaceAll(".", "/");
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
