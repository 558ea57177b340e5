import type { NftChain, NftCounter, NftSet, Ruleset } from "../render/desired-state.ts";
import { sameDeclaration, type LiveChain, type LiveRuleset } from "./live-ruleset.ts";
import type { LiveTable } from "./live-state.ts";
import { elementKey } from "../render/nft-text.ts";
import { canonicalElement } from "./nft-element.ts";

/** What must happen to our table; everything in it is carried out in one transaction. */
export interface RulesetDifference {
  /** `keep` touches only what the lists below name; `create` and `recreate` make the whole table. */
  readonly table: "keep" | "create" | "recreate" | "delete";
  readonly counters: readonly CounterDifference[];
  readonly sets: readonly SetDifference[];
  readonly chains: readonly ChainDifference[];
}

/** A named counter to make or to take away; `counter` is undefined for `delete`. */
export interface CounterDifference {
  readonly name: string;
  readonly action: "add" | "delete";
  readonly counter?: NftCounter;
}

/** `refill` keeps the chain and replaces its rules; `recreate` makes it anew, as its hook differs or is not known. */
export interface ChainDifference {
  readonly name: string;
  readonly action: "add" | "refill" | "recreate" | "delete";
  /** As it shall be; undefined for `delete`. */
  readonly chain?: NftChain;
}

/** What happens to one set or map. */
export interface SetDifference {
  readonly name: string;
  readonly action: "add" | "recreate" | "delete" | "elements";
  /** As it shall be; undefined for `delete`. */
  readonly set?: NftSet;
  readonly isMap: boolean;
  /** Whether the one to delete is a map. */
  readonly wasMap: boolean;
  /** Elements to delete and to add, in nft's words; only for `elements`. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** What turns the live table into the desired one. */
export function rulesetDifference(table: LiveTable, desired: Ruleset): RulesetDifference {
  if (table.kind === "absent") return { table: "create", counters: [], sets: [], chains: [] };
  if (table.kind === "unrecorded") return { table: "recreate", counters: [], sets: [], chains: [] };
  const live = table.ruleset;
  const sets = setDifferences(live, desired.sets);
  const replacedSets = sets
    .filter(({ action }) => action === "recreate" || action === "delete")
    .map(({ name }) => name);
  return {
    table: "keep",
    counters: counterDifferences(live.counters, desired.counters),
    sets,
    chains: chainDifferences(live, desired.chains, replacedSets),
  };
}

/** Says whether there is nothing to do. */
export function isEmptyDifference(difference: RulesetDifference): boolean {
  const { table, counters, sets, chains } = difference;
  return table === "keep" && counters.length + sets.length + chains.length === 0;
}

function counterDifferences(live: readonly string[], desired: readonly NftCounter[]): CounterDifference[] {
  const wanted = new Set(desired.map(({ name }) => name));
  return [
    ...live.filter((name) => !wanted.has(name)).map((name) => ({ name, action: "delete" as const })),
    ...desired
      .filter(({ name }) => !live.includes(name))
      .map((counter) => ({ name: counter.name, action: "add" as const, counter })),
  ];
}

function setDifferences(live: LiveRuleset, desired: readonly NftSet[]): SetDifference[] {
  const differences: SetDifference[] = [];
  const wanted = new Set(desired.map(({ name }) => name));
  for (const set of live.sets) {
    if (wanted.has(set.name)) continue;
    const isMap = set.data !== undefined;
    differences.push({ name: set.name, action: "delete", isMap, wasMap: isMap, removed: [], added: [] });
  }
  const present = new Map(live.sets.map((set) => [set.name, set]));
  for (const set of desired) {
    const now = present.get(set.name);
    const wasMap = now?.data !== undefined;
    const base = { name: set.name, set, isMap: set.data !== undefined, wasMap, removed: [], added: [] };
    if (now === undefined) {
      differences.push({ ...base, action: "add" });
    } else if (!sameDeclaration(now, set) || now.data !== set.data) {
      differences.push({ ...base, action: "recreate" });
    } else {
      const { removed, added } = elementDifference(now.elements, set.elements, live.listed);
      if (removed.length === 0 && added.length === 0) continue;
      // The kernel refuses to change a constant set once rules use it.
      if (set.flags.includes("constant")) differences.push({ ...base, action: "recreate" });
      else differences.push({ ...base, action: "elements", removed, added });
    }
  }
  return differences;
}

function chainDifferences(
  live: LiveRuleset,
  desired: readonly NftChain[],
  replacedSets: readonly string[],
): ChainDifference[] {
  const differences: ChainDifference[] = [];
  const wanted = new Set(desired.map(({ name }) => name));
  for (const { name } of live.chains) {
    if (!wanted.has(name)) differences.push({ name, action: "delete" });
  }
  const present = new Map(live.chains.map((chain) => [chain.name, chain]));
  for (const chain of desired) {
    const now = present.get(chain.name);
    if (now === undefined) differences.push({ name: chain.name, action: "add", chain });
    else if (now.hook === undefined || !sameHook(now.hook, chain.hook ?? null)) {
      differences.push({ name: chain.name, action: "recreate", chain });
    } else if (
      now.rules === undefined ||
      !sameTexts(now.rules, chain.rules) ||
      replacedSets.some((set) => mentionsSet(chain, set))
    ) {
      differences.push({ name: chain.name, action: "refill", chain });
    }
  }
  return differences;
}

/**
 * Elements to take out and to put in. A key whose data changed is in both.
 * A common beginning and end are passed over first: one subscriber more among 100,000 costs no hashing.
 */
export function elementDifference(
  now: readonly string[],
  desired: readonly string[],
  listed: boolean,
): { removed: string[]; added: string[] } {
  const written = listed
    ? (element: string): string => canonicalElement(element)
    : (element: string): string => element;
  let start = 0;
  while (start < now.length && start < desired.length && now[start] === desired[start]) start++;
  let end = 0;
  const most = Math.min(now.length, desired.length) - start;
  while (end < most && now.at(-1 - end) === desired.at(-1 - end)) end++;
  const left = new Set<string>();
  for (const element of now.slice(start, now.length - end)) left.add(written(element));
  const added: string[] = [];
  for (const element of desired.slice(start, desired.length - end)) {
    if (!left.delete(written(element))) added.push(element);
  }
  return { removed: [...left], added };
}

/** How many elements get other data, come new, and go. */
export function countElements(difference: SetDifference): { changed: number; added: number; removed: number } {
  const keys = new Set(difference.removed.map(elementKey));
  const changed = difference.added.filter((element) => keys.has(elementKey(element))).length;
  return { changed, added: difference.added.length - changed, removed: difference.removed.length - changed };
}

type Hook = Exclude<LiveChain["hook"], undefined>;

function sameHook(a: Hook, b: Hook): boolean {
  return a?.type === b?.type && a?.hook === b?.hook && a?.priority === b?.priority;
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

function mentionsSet(chain: NftChain, set: string): boolean {
  const mention = new RegExp(`@${set}(?![\\w/.])`);
  return chain.rules.some((rule) => mention.test(rule));
}
