import { KernelError } from "../error.ts";
import { listRuleset, listSetElements, listRulesetText, type NftObject } from "../nftables.ts";
import type { NamespaceName } from "../namespace.ts";

/** Something in a ruleset that counts packets: a rule, a named counter, or all elements of a set or map together. */
export interface RuleCounter {
  readonly kind: "rule" | "counter" | "set" | "map" | "element" | "policy";
  /** Family, table, chain and handle or name, joined by slashes: stays the same as long as the rule lives. */
  readonly id: string;
  /** The rule as its program writes it, without its numbers. */
  readonly text: string;
  /** `iptables-nft` tables are among those of `nft`. */
  readonly program: "nft" | "iptables-legacy" | "ip6tables-legacy";
  readonly packets: number;
  readonly bytes: number;
}

/** Sets with more elements than this are shown as their sum only. */
const MAX_ELEMENTS = 256;

/** Reads the counters of every nft table in the namespace, whoever made it. A rule without a counter counts nothing. */
export function readRuleCounters(namespace: NamespaceName): RuleCounter[] {
  const objects = listRuleset(namespace, { terse: true });
  const texts = objects.some((object) => "rule" in object) ? parseRuleTexts(listRulesetText(namespace)) : new Map();
  return nftCounters(objects, texts, (kind, { family, table, name }) => {
    try {
      return listSetElements(namespace, kind, family, table, name);
    } catch (error) {
      // Gone since the list was made.
      if (error instanceof KernelError && error.code === "kernel-not-found") return [];
      throw error;
    }
  });
}

/** A set or map by its name. */
export interface SetName {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/** Finds what counts in the objects of `nft -j -t`; `elementsOf` is asked for sets and maps whose elements count. */
export function nftCounters(
  objects: readonly NftObject[],
  texts: ReadonlyMap<string, string>,
  elementsOf: (kind: "set" | "map", name: SetName) => readonly NftObject[],
): RuleCounter[] {
  return objects.flatMap((object): RuleCounter[] => {
    const [kind, body] = Object.entries(object)[0] ?? [];
    if (!isRecord(body)) return [];
    const [family, table, name] = [textOf(body["family"]), textOf(body["table"]), textOf(body["name"])];
    if (kind === "rule") return ruleCounter(body, family, table, texts);
    if (kind === "counter") {
      return [{ kind, id: `${family}/${table}/${name}`, text: `counter ${name}`, program: "nft", ...counted(body) }];
    }
    if ((kind === "set" || kind === "map") && countsElements(body)) {
      return setCounters(kind, { family, table, name }, elementsOf(kind, { family, table, name }));
    }
    return [];
  });
}

function ruleCounter(
  body: Record<string, unknown>,
  family: string,
  table: string,
  texts: ReadonlyMap<string, string>,
): RuleCounter[] {
  const expressions = Array.isArray(body["expr"]) ? body["expr"].filter(isRecord) : [];
  // A reference to a named counter is its name instead.
  const counter = expressions.map((expression) => expression["counter"]).find(isRecord);
  if (counter === undefined) return [];
  const handle = String(body["handle"]);
  const chain = textOf(body["chain"]);
  const text = texts.get(`${family}/${table}/${handle}`) ?? textOf(body["comment"]);
  return [{ kind: "rule", id: `${family}/${table}/${chain}/${handle}`, text, program: "nft", ...counted(counter) }];
}

function countsElements(set: Record<string, unknown>): boolean {
  return Array.isArray(set["stmt"]) && set["stmt"].some((statement) => isRecord(statement) && "counter" in statement);
}

function setCounters(kind: "set" | "map", name: SetName, listed: readonly NftObject[]): RuleCounter[] {
  const id = `${name.family}/${name.table}/${name.name}`;
  const body = listed.map((object) => object[kind]).find(isRecord);
  const elements = (Array.isArray(body?.["elem"]) ? body["elem"] : []).flatMap((item: unknown): RuleCounter[] => {
    // A map's element is a pair of key and value.
    const key: unknown = Array.isArray(item) ? item[0] : item;
    const element = isRecord(key) ? key["elem"] : undefined;
    if (!isRecord(element) || !isRecord(element["counter"])) return [];
    const text = keyText(element["val"]);
    return [{ kind: "element", id: `${id}/${text}`, text, program: "nft", ...counted(element["counter"]) }];
  });
  const sum = elements.reduce(
    ({ packets, bytes }, element) => ({ packets: packets + element.packets, bytes: bytes + element.bytes }),
    { packets: 0, bytes: 0 },
  );
  const text = `all ${elements.length} elements of ${kind} ${name.name}`;
  return [{ kind, id, text, program: "nft", ...sum }, ...(elements.length > MAX_ELEMENTS ? [] : elements)];
}

function keyText(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (isRecord(value) && Array.isArray(value["concat"])) return value["concat"].map(keyText).join(" . ");
  if (isRecord(value) && isRecord(value["prefix"])) {
    return `${keyText(value["prefix"]["addr"])}/${keyText(value["prefix"]["len"])}`;
  }
  if (isRecord(value) && Array.isArray(value["range"])) return value["range"].map(keyText).join("-");
  return JSON.stringify(value);
}

/** Rules as text, by `family/table/handle`, out of what `nft -a -t list ruleset` prints. */
export function parseRuleTexts(listing: string): Map<string, string> {
  const texts = new Map<string, string>();
  let table = "";
  let before = "";
  for (const line of listing.split("\n")) {
    const [, family, name] = /^table (\S+) (\S+) \{/.exec(line) ?? [];
    if (family !== undefined) table = `${family}/${name}`;
    const [, text, handle] = /^\t\t\s*(\S.*) # handle (\d+)$/.exec(line) ?? [];
    if (handle !== undefined) {
      texts.set(`${table}/${handle}`, withoutNumbers(before + (text ?? "")));
      before = "";
      // A long anonymous set runs over several lines.
    } else if (/^\t\t\s*\S/.test(line) && /[,{]$/.test(line)) before += `${line.trim()} `;
    else if (before !== "" && line.trim() !== "}" && line.startsWith("\t\t")) before += `${line.trim()} `;
    else before = "";
  }
  return texts;
}

function withoutNumbers(rule: string): string {
  return rule.replace(/counter packets \d+ bytes \d+/g, "counter").replaceAll(/\s+/g, " ");
}

/** Reads what `iptables-save -c` prints: rules with their counters, and the policies of built-in chains. */
export function parseIptablesSave(
  text: string,
  program: "iptables-legacy" | "ip6tables-legacy",
): readonly RuleCounter[] {
  const family = program === "iptables-legacy" ? "ip" : "ip6";
  const counters: RuleCounter[] = [];
  const numbers = new Map<string, number>();
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    const policy = /^:(\S+) (\S+) \[(\d+):(\d+)\]$/.exec(line);
    const rule = /^\[(\d+):(\d+)\] -A (\S+) ?(.*)$/.exec(line);
    if (policy !== null && policy[2] !== "-") {
      const [, chain = "", verdict = "", packets, bytes] = policy;
      const id = `legacy-${family}/${table}/${chain}/policy`;
      counters.push({ kind: "policy", id, text: `policy ${verdict}`, program, ...numbered(packets, bytes) });
    } else if (rule !== null) {
      const [, packets, bytes, chain = "", words = ""] = rule;
      const number = (numbers.get(`${table}/${chain}`) ?? 0) + 1;
      numbers.set(`${table}/${chain}`, number);
      const id = `legacy-${family}/${table}/${chain}/${number}`;
      counters.push({ kind: "rule", id, text: words, program, ...numbered(packets, bytes) });
    }
  }
  return counters;
}

function numbered(packets: string | undefined, bytes: string | undefined): { packets: number; bytes: number } {
  return { packets: Number(packets ?? 0), bytes: Number(bytes ?? 0) };
}

function counted(counter: Record<string, unknown>): { packets: number; bytes: number } {
  return { packets: Number(counter["packets"] ?? 0), bytes: Number(counter["bytes"] ?? 0) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
