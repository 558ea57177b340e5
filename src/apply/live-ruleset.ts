import type { NftChain, NftSet } from "../render/desired-state.ts";
import { isListedFlag, parseListing, type ListedCounter } from "../render/listing.ts";
import { isObject } from "./nft-element.ts";
import type { RecordedRuleset } from "./record.ts";

/** A chain as far as it is known. */
export interface LiveChain {
  readonly name: string;
  /** Undefined: someone else changed its rules or made it. */
  readonly rules?: readonly string[];
  /** Null: it has none, others jump to it. Undefined: not known in the words we use. */
  readonly hook?: NftChain["hook"] | null;
}

/** Our table as it is in the kernel. */
export interface LiveRuleset {
  /** Names of named counters. */
  readonly counters: readonly string[];
  readonly sets: readonly NftSet[];
  readonly chains: readonly LiveChain[];
  /** True when the elements are in nft's own words and not in those sent. */
  readonly listed: boolean;
}

/** nft's listing of our table, taken apart. */
export interface TableListing {
  readonly counters: readonly ListedCounter[];
  readonly sets: readonly NftSet[];
  /** Chain name -> a text equal for equal chains, without handles and counters. */
  readonly chains: Readonly<Record<string, string>>;
}

/** The ruleset the record tells, when nobody can have changed it since. */
export function recordedRuleset(rules: RecordedRuleset): LiveRuleset {
  return {
    counters: rules.ruleset.counters.map(({ name }) => name),
    sets: rules.ruleset.sets,
    chains: rules.ruleset.chains.map(knownChain),
    listed: false,
  };
}

/** A chain of which all is known. */
export function knownChain({ name, rules, hook }: NftChain): LiveChain {
  return { name, rules, hook: hook ?? null };
}

/** What nft says of the chain itself, in the text of `TableListing`. */
function headOf(text: string): string {
  return JSON.stringify((JSON.parse(text) as unknown[])[0]);
}

function isBaseChain(text: string): boolean {
  const head: unknown = JSON.parse(headOf(text));
  return isObject(head) && head["hook"] !== undefined;
}

/** The ruleset nft lists; chains that are as after our last apply are known by the text sent then. */
export function listedRuleset(listing: TableListing, rules: RecordedRuleset | undefined): LiveRuleset {
  const chains = Object.entries(listing.chains).map(([name, text]): LiveChain => {
    const chain = rules?.ruleset.chains.find((candidate) => candidate.name === name);
    const then = rules?.listing[name];
    if (chain !== undefined && then === text) return knownChain(chain);
    if (!isBaseChain(text)) return { name, hook: null };
    if (chain === undefined || then === undefined || headOf(then) !== headOf(text)) return { name };
    return { name, hook: chain.hook ?? null };
  });
  const sets = listing.sets.map((set): NftSet => {
    const sent = rules?.ruleset.sets.find((candidate) => candidate.name === set.name);
    // The listing does not tell whether a map's data are intervals: the declaration sent does.
    if (sent === undefined || !sameDeclaration(set, sent)) return set;
    return isFilledByRules(sent) ? sent : { ...sent, elements: set.elements };
  });
  return { counters: listing.counters.map(({ name }) => name), sets, chains, listed: true };
}

/** Says whether two sets are declared alike, as far as nft's listing tells. */
export function sameDeclaration(a: NftSet, b: NftSet): boolean {
  // Of other sets the size is the kernel's own affair, and of a listed one nft 1.0.6 does not tell which kind it is.
  const isSized = isFilledByRules(a) || isFilledByRules(b);
  return declaration(a) === declaration(b) && (!isSized || a.size === b.size);
}

function declaration(set: NftSet): string {
  const data = set.data?.replace(/\binterval\s+/g, "") ?? "";
  return `${set.key}|${data}|${set.flags.filter(isListedFlag).toSorted().join()}`.replace(/\s+/g, " ");
}

/** Says whether rules alone put elements into a set: then what is in it is nobody's intent. */
export function isFilledByRules({ flags }: Pick<NftSet, "flags">): boolean {
  return flags.includes("dynamic");
}

/** Takes `nft -j list table` apart. */
export function readTableListing(objects: readonly unknown[]): TableListing {
  const { counters, sets, chains } = parseListing(objects);
  return {
    counters,
    sets: sets.map((set) => ({ ...set, flags: set.flags.filter(isFlag) })),
    chains: Object.fromEntries(chains.map(({ rules, ...head }) => [head.name, JSON.stringify([head, ...rules])])),
  };
}

function isFlag(flag: string): flag is NftSet["flags"][number] {
  return flag === "interval" || flag === "constant" || flag === "timeout";
}
