import type { HookedChain } from "./evaluate/hook-order.ts";
import type { Chain, Rule, Ruleset } from "./ruleset.ts";
import type { Members } from "./expression.ts";

/** A way by which packets come to a chain: from a hook, over rules that jump. */
export interface Way {
  readonly from: HookedChain;
  readonly over: readonly Rule[];
}

/** All ways to the chain, shortest first; none: nothing leads to it. */
export function waysTo(ruleset: Ruleset, chainId: string): Way[] {
  const jumps = jumpsInto(ruleset);
  const ways: Way[] = [];
  const queue: { readonly chain: Chain; readonly over: readonly Rule[] }[] = [];
  const start = ruleset.chains.get(chainId);
  if (start !== undefined) queue.push({ chain: start, over: [] });
  const seen = new Set<string>();
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { chain, over } = next;
    if (isHooked(chain)) ways.push({ from: chain, over });
    if (seen.has(chain.id)) continue;
    seen.add(chain.id);
    for (const rule of jumps.get(chain.id) ?? []) {
      const caller = ruleset.chains.get(rule.chainId);
      if (caller !== undefined) queue.push({ chain: caller, over: [rule, ...over] });
    }
  }
  return ways;
}

/** The chains a rule may lead to. */
export function targetsOf(rule: Rule, ruleset: Ruleset): string[] {
  return rule.parts.flatMap((part) => {
    if (part.kind !== "action") return [];
    const { action } = part;
    if (action.kind === "jump" || action.kind === "goto") return [action.chain];
    return action.kind === "verdict-map" ? mapTargets(action.in, ruleset) : [];
  });
}

function mapTargets(members: Members, ruleset: Ruleset): string[] {
  const elements = "elements" in members ? members.elements : (ruleset.sets.get(members.set)?.elements ?? []);
  return elements.flatMap(({ verdict }) =>
    verdict?.kind === "jump" || verdict?.kind === "goto" ? [verdict.chain] : [],
  );
}

function jumpsInto(ruleset: Ruleset): Map<string, Rule[]> {
  const jumps = new Map<string, Rule[]>();
  for (const chain of ruleset.chains.values()) {
    for (const rule of chain.rules) {
      for (const target of targetsOf(rule, ruleset)) jumps.set(target, [...(jumps.get(target) ?? []), rule]);
    }
  }
  return jumps;
}

function isHooked(chain: Chain): chain is HookedChain {
  return chain.base !== undefined;
}
