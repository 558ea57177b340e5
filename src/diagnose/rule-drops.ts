import { headersOf } from "./dropped.ts";
import { deleteCommand, describePolicy, placeOf, showCommand } from "./rules/describe.ts";
import type { Ending } from "./rules/evaluate/match-packet.ts";
import { endingOf } from "./rules/ending-of.ts";
import { ownerOf, ownerOfChain, type Owner } from "./rules/owner.ts";
import { waysTo } from "./rules/reach.ts";
import { rulesOf, type Chain, type Hook, type Rule, type Ruleset } from "./rules/ruleset.ts";
import { droppedFor, type DroppedHeader, type Signals } from "./signals.ts";

/** Causes that stand for a rule: `hook` is where rules of the older packet filter drop. */
export const RULE_CAUSES = ["rule", "hook"] as const;

/** A rule, or the policy of a chain, that dropped packets in the interval. */
export interface DroppingRule {
  /** The rule's, or the chain's for its policy. */
  readonly id: string;
  readonly chain: Chain;
  /** Undefined: the policy. */
  readonly rule?: Rule;
  /** How to name it: `rule handle 7 of chain ip filter forward`. */
  readonly place: string;
  /** As its program writes it; `policy drop`. */
  readonly text: string;
  /** The program that wrote it, if it is one that is known. */
  readonly owner?: Owner;
  /** From which hooks packets come to it. */
  readonly hooks: readonly Hook[];
  /** By its counter, or if it has none by its share of the sample. */
  readonly packets: number;
  readonly counts: boolean;
  /** Of the sample. */
  readonly headers: readonly DroppedHeader[];
  /** Undecidable questions are on the way of every header: it may be another rule. */
  readonly isGuess: boolean;
  /** The commands that show it with its counters, and take it away. */
  readonly show: string;
  readonly remove: string;
}

/** Headers of packets that a rule may have dropped: of a header alone a rule cannot be told from a full table. */
export function headersOfRules(signals: Signals): DroppedHeader[] {
  return headersOf(signals, ...RULE_CAUSES, "conntrack", "netfilter");
}

/** nft drops by itself; the hook drops for the older packet filter, and for connection tracking. */
function mayBe({ cause, location }: DroppedHeader, { chain, certainty }: Ending): boolean {
  const isOlder = chain.program.endsWith("legacy");
  if (cause === "rule") return !isOlder;
  return !location.startsWith("nf_hook_slow") || (isOlder && (cause === "hook" || certainty === "yes"));
}

/** Rules and policies that dropped, the most first; none if the rules are not known. */
export function droppingRules(signals: Signals): DroppingRule[] {
  const { rules } = signals;
  if (rules === undefined) return [];
  const found = new Map<string, { chain: Chain; rule?: Rule; headers: DroppedHeader[]; certain: number }>();
  for (const header of headersOfRules(signals)) {
    const ending = endingOf(rules, signals.network, header);
    if (ending === undefined || !mayBe(header, ending)) continue;
    const { rule, chain } = ending;
    const id = rule?.id ?? chain.id;
    const known = found.get(id) ?? { chain, ...(rule && { rule }), headers: [], certain: 0 };
    known.headers.push(header);
    if (ending.certainty === "yes") known.certain++;
    found.set(id, known);
  }
  for (const rule of rulesOf(rules)) {
    const chain = rules.chains.get(rule.chainId);
    if (chain === undefined || found.has(rule.id) || !drops(rule) || (countedBy(rule, signals) ?? 0) === 0) continue;
    found.set(rule.id, { chain, rule, headers: [], certain: 1 });
  }
  const uncounted = shareOut(signals, [...found.values()]);
  return [...found]
    .map(([id, { chain, rule, headers, certain }]) => {
      const counted = rule === undefined ? policyCount(chain, signals) : countedBy(rule, signals);
      const packets = counted ?? Math.round(uncounted * headers.length);
      return {
        ...describe(rules, id, chain, rule),
        packets,
        counts: counted !== undefined,
        headers,
        isGuess: certain === 0,
      };
    })
    .toSorted((a, b) => b.packets - a.packets);
}

/** How many packets each header of a rule that does not count stands for. */
function shareOut(
  signals: Signals,
  found: readonly { chain: Chain; rule?: Rule; headers: readonly DroppedHeader[] }[],
): number {
  let left = droppedFor(signals, ...RULE_CAUSES);
  let headers = 0;
  for (const { chain, rule, headers: own } of found) {
    const counted = rule === undefined ? policyCount(chain, signals) : countedBy(rule, signals);
    if (counted === undefined) headers += own.length;
    else left -= counted;
  }
  return headers === 0 ? 0 : Math.max(left / headers, 1);
}

/** Packets for which the rule's counter went up; undefined if it has none, or one that counts more than it drops. */
function countedBy({ id, family, table, parts }: Rule, { counters }: Signals): number | undefined {
  if (id.startsWith("legacy-")) return counters[`rule.${id}.packets`]?.delta;
  const last = parts.findLastIndex(({ kind }) => kind === "match");
  for (const part of parts.slice(last + 1)) {
    if (part.kind !== "action" || part.action.kind !== "counter") continue;
    const { name } = part.action;
    return counters[name === undefined ? `rule.${id}.packets` : `counter.${family}/${table}/${name}.packets`]?.delta;
  }
  return undefined;
}

/** Only the older packet filter counts what policies do. */
function policyCount(chain: Chain, { counters }: Signals): number | undefined {
  return counters[`rule.${chain.id}/policy.packets`]?.delta;
}

function drops({ parts }: Rule): boolean {
  return parts.some((part) => part.kind === "action" && (part.action.kind === "drop" || part.action.kind === "reject"));
}

function describe(
  rules: Ruleset,
  id: string,
  chain: Chain,
  rule: Rule | undefined,
): Omit<DroppingRule, "packets" | "counts" | "headers" | "isGuess"> {
  const owner = rule === undefined ? ownerOfChain(chain) : ownerOf(rule);
  const common = { id, chain, ...(owner && { owner }) };
  if (rule !== undefined) {
    const hooks = new Set(waysTo(rules, rule.chainId).map(({ from }) => from.base.hook));
    return {
      ...common,
      rule,
      place: placeOf(rule),
      text: rule.text,
      hooks: [...hooks],
      show: showCommand(rule),
      remove: deleteCommand(rule),
    };
  }
  const isNft = chain.program === "nft";
  const name = isNft ? `${chain.family} ${chain.table} ${chain.name}` : chain.name;
  return {
    ...common,
    place: describePolicy(chain),
    text: "policy drop",
    hooks: chain.base === undefined ? [] : [chain.base.hook],
    show: isNft ? `nft -a list chain ${name}` : `${chain.program} -t ${chain.table} -vnL ${name}`,
    remove: isNft
      ? `nft add rule ${name} WHAT-MAY-PASS accept`
      : `${chain.program} -t ${chain.table} -A ${name} WHAT-MAY-PASS -j ACCEPT`,
  };
}
