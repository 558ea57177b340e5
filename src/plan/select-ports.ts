import { MEAN_CHAIN } from "./capacity-problems.ts";
import type { SourcePlan, TablePlan } from "./plan.ts";

/**
 * Decides how ports are chosen where the file does not say. To preserve ports, and one public port for all
 * destinations, the kernel looks through a chain of nf_nat_bysource for every new connection; that table keeps the size
 * it had at boot. Where its chains would be long, ports are chosen at random, which does not look there.
 */
export function selectPorts(sources: readonly SourcePlan[], table: TablePlan): SourcePlan[] {
  const isSlow = table.bysourceMeanChain > MEAN_CHAIN.warn;
  return sources.map((source) =>
    isSlow && source.rule.ports.selection === undefined ? { ...source, selection: "random" } : source,
  );
}
