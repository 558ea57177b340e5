import type { Plan } from "../../plan/plan.ts";

const BUCKETS = "net.netfilter.nf_conntrack_buckets";

/** The hash size to ask the module nf_conntrack for; undefined when what the kernel takes by itself will do. */
export function hashSizeAtBoot(stock: Plan): number | undefined {
  const wanted = stock.sysctls.find(({ name }) => name === BUCKETS);
  return wanted === undefined ? undefined : Number(wanted.proposed);
}

/**
 * Module parameters as a file for /etc/modprobe.d; undefined when the gateway needs none. `stock` is the plan for a
 * machine that has just started.
 */
export function writeModprobeConf(stock: Plan): string | undefined {
  const size = hashSizeAtBoot(stock);
  if (size === undefined) return undefined;
  return [
    `# Module parameters of the gateway ${stock.gateway.name}.`,
    "#",
    "# Slots of the connection table. Given here and not by sysctl, because the NAT's own table by source",
    "# (nf_nat_bysource) takes its size from it once, when nf_nat is loaded, and cannot be enlarged after.",
    "# With hashsize= the kernel makes the limit of connections eight times as large: sysctl.d sets it back.",
    `options nf_conntrack hashsize=${size}`,
    "",
  ].join("\n");
}
