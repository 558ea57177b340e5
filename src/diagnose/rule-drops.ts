import { headersOf } from "./dropped.ts";
import { deleteCommand, describePolicy, placeOf, showCommand } from "./rules/describe.ts";
import type { Ending } from "./rules/evaluate/match-packet.ts";
import { endingsOf } from "./rules/ending-of.ts";
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

interface Met {
  readonly id: string;
  readonly chain: Chain;
  readonly rule?: Rule;
  /** By its counter; undefined if it has none of its own. */
  readonly counted: number | undefined;
  readonly headers: DroppedHeader[];
  isGuess: boolean;
}

/** Several modes ask; the walks through the rules take the time. */
const KNOWN = new WeakMap<Signals, readonly DroppingRule[]>();

/** Rules and policies that dropped, the most first; none if the rules are not known. */
export function droppingRules(signals: Signals): readonly DroppingRule[] {
  const known = KNOWN.get(signals);
  if (known !== undefined) return known;
  const found = signals.rules === undefined ? [] : findDropping(signals, signals.rules);
  KNOWN.set(signals, found);
  return found;
}

function findDropping(signals: Signals, rules: Ruleset): DroppingRule[] {
  const shared = sharedCounters(rules);
  const met = new Map<string, Met>();
  for (const header of headersOfRules(signals)) {
    const ending = likeliestEnding(signals, rules, header);
    if (ending === undefined) continue;
    const { rule, chain } = ending;
    const id = rule?.id ?? chain.id;
    let one = met.get(id);
    if (one === undefined) {
      const counted = rule === undefined ? policyCount(chain, signals) : countedBy(rule, signals, shared);
      met.set(id, (one = { id, chain, ...(rule && { rule }), counted, headers: [], isGuess: true }));
    }
    one.headers.push(header);
    if (ending.certainty === "yes") one.isGuess = false;
  }
  for (const rule of rulesOf(rules)) {
    const chain = rules.chains.get(rule.chainId);
    if (chain === undefined || met.has(rule.id) || !drops(rule)) continue;
    const counted = countedBy(rule, signals, shared) ?? 0;
    if (counted > 0) met.set(rule.id, { id: rule.id, chain, rule, counted, headers: [], isGuess: false });
  }
  for (const chain of rules.chains.values()) {
    const counted = chain.base?.policy === "drop" && !met.has(chain.id) ? (policyCount(chain, signals) ?? 0) : 0;
    if (counted > 0) met.set(chain.id, { id: chain.id, chain, counted, headers: [], isGuess: false });
  }
  const each = packetsPerHeader(signals, [...met.values()]);
  return [...met.values()]
    .map(({ id, chain, rule, counted, headers, isGuess }) => ({
      ...describe(rules, id, chain, rule),
      packets: counted ?? Math.round(each * headers.length),
      counts: counted !== undefined,
      headers,
      isGuess,
    }))
    .toSorted((a, b) => b.packets - a.packets);
}

/** A rule whose counter stood still dropped nothing. */
function likeliestEnding(signals: Signals, rules: Ruleset, header: DroppedHeader): Ending | undefined {
  return endingsOf(rules, signals.network, header).find(
    (one) => mayBe(header, one) && !(one.rule !== undefined && counterOf(one.rule, signals) === 0),
  );
}

/** How many packets each header of a rule that does not count stands for. */
function packetsPerHeader(signals: Signals, met: readonly Met[]): number {
  const counted = met.reduce((sum, one) => sum + (one.counted ?? 0), 0);
  const headers = met.reduce((sum, one) => sum + (one.counted === undefined ? one.headers.length : 0), 0);
  return headers === 0 ? 0 : Math.max((droppedFor(signals, ...RULE_CAUSES) - counted) / headers, 1);
}

/** Packets the rule dropped by its counter; undefined if it has none of its own. */
function countedBy(rule: Rule, signals: Signals, shared: ReadonlySet<string>): number | undefined {
  return shared.has(counterName(rule) ?? "") ? undefined : counterOf(rule, signals);
}

/** Named counters that several rules use. */
function sharedCounters(rules: Ruleset): Set<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const rule of rulesOf(rules)) {
    const name = counterName(rule);
    if (name !== undefined && seen.has(name)) shared.add(name);
    else if (name !== undefined) seen.add(name);
  }
  return shared;
}

/** How far its counter went up, which other rules may share; undefined if it has none, or one that counts more than it drops. */
function counterOf(rule: Rule, { counters }: Signals): number | undefined {
  const name = counterName(rule);
  return name === undefined ? undefined : counters[`${name}.packets`]?.delta;
}

function counterName({ id, family, table, parts }: Rule): string | undefined {
  if (id.startsWith("legacy-")) return `rule.${id}`;
  const last = parts.findLastIndex(({ kind }) => kind === "match");
  for (const part of parts.slice(last + 1)) {
    if (part.kind !== "action" || part.action.kind !== "counter") continue;
    const { name } = part.action;
    return name === undefined ? `rule.${id}` : `counter.${family}/${table}/${name}`;
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
