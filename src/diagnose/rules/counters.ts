import { rulesOf, type Chain, type Count, type Rule, type Ruleset } from "./ruleset.ts";

/** What one rule or policy counted between two samples. */
export interface CountedRule {
  /** Undefined: the chain's policy. */
  readonly rule?: Rule;
  readonly chain: Chain;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * What each rule counted from one sample to the next, in the order of the chains. Rules that were made, changed or reset
 * in between are left out. Policies count in the older packet filter only.
 */
export function countedBetween(before: Ruleset, after: Ruleset): CountedRule[] {
  const earlier = new Map(rulesOf(before).map((rule) => [rule.id, rule]));
  const counted: CountedRule[] = [];
  for (const chain of after.chains.values()) {
    for (const rule of chain.rules) {
      const old = earlier.get(rule.id);
      // A number of the older packet filter may be another rule's now.
      const difference = old?.text === rule.text ? countDifference(old.count, rule.count) : undefined;
      if (difference !== undefined) counted.push({ rule, chain, ...difference });
    }
    const difference = countDifference(before.chains.get(chain.id)?.policyCount, chain.policyCount);
    if (difference !== undefined) counted.push({ chain, ...difference });
  }
  return counted;
}

function countDifference(before: Count | undefined, after: Count | undefined): Count | undefined {
  if (before === undefined || after === undefined || after.packets < before.packets) return undefined;
  return { packets: after.packets - before.packets, bytes: after.bytes - before.bytes };
}
