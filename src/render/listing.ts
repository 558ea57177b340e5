import type { NftSet } from "./desired-state.ts";

/**
 * A table as `nft -j list table` shows it, without what changes by itself (handles, counts) and in one spelling.
 *
 * Sets compare with what we render: their elements are spelled the same. Rules do not: nft rewrites them (`th dport`,
 * merged masks, sorted sets), differently from version to version. So a rule is compared with a rule listed before
 * by the same nft, kept from when they were applied; after an update of nft that record says nothing.
 */
export interface TableListing {
  readonly counters: readonly ListedCounter[];
  readonly sets: readonly ListedSet[];
  readonly chains: readonly ListedChain[];
}

/** A named counter and what it stands at. */
export interface ListedCounter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** A set or map; `data` without the word `interval`, which listings leave out. A terse listing has no elements. */
export interface ListedSet {
  readonly name: string;
  readonly key: string;
  readonly data?: string;
  readonly flags: readonly string[];
  readonly size?: number;
  readonly elements: readonly string[];
}

/** A chain; each rule is JSON text of one canonical form. */
export interface ListedChain {
  readonly name: string;
  readonly hook?: { readonly type: string; readonly hook: string; readonly priority: number; readonly policy: string };
  readonly rules: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the objects of `nft -j list table`; objects of kinds we never make are passed over. */
export function parseListing(objects: readonly unknown[]): TableListing {
  const counters: ListedCounter[] = [];
  const sets: ListedSet[] = [];
  const chains: { name: string; hook?: NonNullable<ListedChain["hook"]>; rules: string[] }[] = [];
  for (const entry of objects) {
    const object = record(entry);
    if (object === undefined) continue;
    const set = record(object["set"]) ?? record(object["map"]);
    const counter = record(object["counter"]);
    const chain = record(object["chain"]);
    const rule = record(object["rule"]);
    if (set !== undefined) sets.push(listedSet(set));
    if (counter !== undefined) {
      const count = (key: string): number => Number(counter[key] ?? 0);
      counters.push({ name: text(counter["name"]), packets: count("packets"), bytes: count("bytes") });
    }
    if (chain !== undefined) {
      const name = text(chain["name"]);
      const hook = hookOf(chain);
      chains.push(hook === undefined ? { name, rules: [] } : { name, hook, rules: [] });
    }
    if (rule !== undefined) {
      chains.find(({ name }) => name === rule["chain"])?.rules.push(canonicalRule(rule["expr"], rule["comment"]));
    }
  }
  return { counters, sets, chains };
}

/** A set as a listing would show it, its elements in our order. */
export function expectedSet(set: NftSet): ListedSet {
  const { name, key, elements, size } = set;
  return {
    name,
    key,
    ...(set.data === undefined ? {} : { data: set.data.replace(/^interval /, "") }),
    flags: set.flags.filter(isListedFlag),
    ...(size === undefined ? {} : { size }),
    elements,
  };
}

/** nft 1.0.6 keeps to itself that rules may change a set; later ones tell. */
export function isListedFlag(flag: string): boolean {
  return flag !== "dynamic";
}

const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, dstnat: -100, filter: 0, srcnat: 100 };

/** The number of a priority in nft's words: `srcnat + 10` is 110. */
export function priorityNumber(priority: string): number {
  const match = /^(\w+)(?: ([+-]) (\d+))?$/.exec(priority);
  const base = match?.[1] === undefined ? undefined : PRIORITIES[match[1]];
  if (match === null || base === undefined) return Number(priority);
  return base + Number(`${match[2] ?? "+"}${match[3] ?? 0}`);
}

function hookOf(chain: Json): ListedChain["hook"] {
  if (chain["hook"] === undefined) return undefined;
  const { type, hook, prio, policy } = chain;
  return { type: text(type), hook: text(hook), priority: Number(prio), policy: text(policy) };
}

function listedSet(set: Json): ListedSet {
  const key = typeText(set["type"]);
  const kinds = key.split(" . ");
  const elements = list(set["elem"]).map((element) => elementText(element, kinds));
  const size = set["size"];
  const listed = {
    name: text(set["name"]),
    key,
    flags: list(set["flags"]).map(text).filter(isListedFlag),
    ...(typeof size === "number" ? { size } : {}),
    elements,
  };
  return set["map"] === undefined ? listed : { ...listed, data: typeText(set["map"]) };
}

/** nft writes a type as one string or, for concatenations of keys, as a list. */
function typeText(type: unknown): string {
  return list(type).map(text).join(" . ");
}

function elementText(element: unknown, kinds: readonly string[]): string {
  if (!Array.isArray(element)) return valueText(element, kinds);
  const [key, value] = element as unknown[];
  return `${valueText(key, kinds)} : ${valueText(value, [])}`;
}

// Without /etc/protocols nft lists protocols by number.
const PROTOCOLS: Readonly<Record<string, string>> = { "6": "tcp", "17": "udp" };

function valueText(value: unknown, kinds: readonly string[]): string {
  const object = record(value);
  if (object === undefined) {
    const plain = text(value);
    return kinds[0] === "inet_proto" ? (PROTOCOLS[plain] ?? plain) : plain;
  }
  // With a comment, a counter or a timeout the value is one level further in.
  const inner = record(object["elem"]);
  if (inner !== undefined) return valueText(inner["val"], kinds);
  const prefix = record(object["prefix"]);
  if (prefix !== undefined) return `${text(prefix["addr"])}/${text(prefix["len"])}`;
  if (object["range"] !== undefined) return list(object["range"]).map(text).join("-");
  if (object["concat"] === undefined) return JSON.stringify(value);
  return list(object["concat"])
    .map((part, i) => valueText(part, kinds.slice(i, i + 1)))
    .join(" . ");
}

function canonicalRule(expressions: unknown, comment: unknown): string {
  return JSON.stringify(canonical(comment === undefined ? { expressions } : { expressions, comment }));
}

/** Keys in order, sets sorted (a hash has no order), counts of anonymous counters left out. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  const object = record(value);
  if (object === undefined) return value;
  const entries = Object.entries(object).map(([key, inner]): [string, unknown] => {
    if (key === "counter" && record(inner) !== undefined) return [key, null];
    if (key !== "set" || !Array.isArray(inner)) return [key, canonical(inner)];
    return [key, inner.map((element) => JSON.stringify(canonical(element))).sort()];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function record(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}
