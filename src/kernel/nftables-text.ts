import { KernelError } from "./error.ts";
import { runInNamespace, type NamespaceName } from "./namespace.ts";

/**
 * A table as nft prints it for people, without counters: text that `runNft` takes again and that keeps what JSON
 * loses in nft 1.0.6 (the table's comment, interval data of maps).
 */
export function listTableText(namespace: NamespaceName, family: string, table: string): string {
  const result = runInNamespace(namespace, "nft", ["-s", "list", "table", family, table]);
  if (result.status === 0) return result.stdout;
  throw new KernelError("program-failed", "nft refused it", {
    tried: `list table ${family} ${table}`,
    errno: 0,
    kernelSaid: result.stderr.trim(),
    remedy: "see what nft printed",
  });
}
