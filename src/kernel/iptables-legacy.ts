import { parseIptablesSave, type RuleCounter } from "./counters/rule-counters.ts";
import type { NamespaceName } from "./namespace.ts";
import { readIptablesSave } from "./ruleset/iptables-save.ts";

/** Counters of rules in the kernel's older packet filter, which nft does not show. */
export function readLegacyRuleCounters(namespace: NamespaceName): RuleCounter[] {
  return (["iptables-legacy", "ip6tables-legacy"] as const).flatMap((program) => [
    ...parseIptablesSave(readIptablesSave(namespace, program) ?? "", program),
  ]);
}
