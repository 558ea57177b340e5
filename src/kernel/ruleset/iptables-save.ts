import { readNetFile } from "../counters/proc-net.ts";
import { isKernelError, KernelError } from "../error.ts";
import { runInNamespace, type NamespaceName } from "../namespace.ts";

/** The programs that keep tables of iptables. */
export type IptablesProgram = "iptables-nft" | "ip6tables-nft" | "iptables-legacy" | "ip6tables-legacy";

const NAMES_FILES = { "iptables-legacy": "ip_tables_names", "ip6tables-legacy": "ip6_tables_names" } as const;

/**
 * What `PROGRAM-save -c` prints. The legacy ones are only run if their tables exist (undefined otherwise): they would
 * load the modules.
 */
export function readIptablesSave(namespace: NamespaceName, program: IptablesProgram): string | undefined {
  if (program === "iptables-legacy" || program === "ip6tables-legacy") {
    if (!hasTables(namespace, NAMES_FILES[program])) return undefined;
  }
  const { status, stdout, stderr } = runInNamespace(namespace, `${program}-save`, ["-c"]);
  if (status === 0) return stdout;
  throw new KernelError("program-failed", `${program}-save gave up`, {
    tried: `read the rules of ${program}`,
    errno: 0,
    kernelSaid: stderr.trim(),
    remedy: "run as root, or give the process CAP_NET_ADMIN",
  });
}

function hasTables(namespace: NamespaceName, file: string): boolean {
  try {
    return readNetFile(namespace, file).trim() !== "";
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return false;
    throw error;
  }
}
