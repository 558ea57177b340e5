import { KernelError } from "./error.ts";
import { runInNamespace, type NamespaceName } from "./namespace.ts";
import { readNetFile } from "./counters/proc-net.ts";
import { parseIptablesSave, type RuleCounter } from "./counters/rule-counters.ts";

const PROGRAMS = [
  ["iptables-legacy", "ip_tables_names"],
  ["ip6tables-legacy", "ip6_tables_names"],
] as const;

/**
 * Counters of rules in the kernel's older packet filter, which nft does not show. The program that reads them is only
 * run if such tables exist: it would load the modules otherwise.
 */
export function readLegacyRuleCounters(namespace: NamespaceName): RuleCounter[] {
  return PROGRAMS.flatMap(([program, file]) => {
    if (!hasTables(namespace, file)) return [];
    const { status, stdout, stderr } = runInNamespace(namespace, `${program}-save`, ["-c"]);
    if (status !== 0) {
      throw new KernelError("program-failed", `${program}-save gave up`, {
        tried: "read the rules of iptables-legacy",
        errno: 0,
        kernelSaid: stderr.trim(),
        remedy: "run as root, or give the process CAP_NET_ADMIN",
      });
    }
    return parseIptablesSave(stdout, program);
  });
}

function hasTables(namespace: NamespaceName, file: string): boolean {
  try {
    return readNetFile(namespace, file).trim() !== "";
  } catch (error) {
    if (error instanceof KernelError && error.code === "kernel-not-found") return false;
    throw error;
  }
}
