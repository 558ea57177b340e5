import { firstEntry, isObject, listOf, textOf, type JsonObject } from "../json.ts";
import type { BaseChain, Chain, Count, Family, Hook, NamedSet, Rule } from "../ruleset.ts";
import type { Datatype } from "../expression.ts";
import { readMember } from "./read-expression.ts";
import { readParts } from "./read-rule.ts";

/** What `nft -j list ruleset` holds, read. */
export interface NftTables {
  readonly chains: readonly Chain[];
  readonly sets: readonly NamedSet[];
  /** Rules that hold expressions of iptables, of which nft tells the name only; by `id`. */
  readonly foreign: ReadonlySet<string>;
  /** Rules that hold expressions iptables never writes, and that iptables-nft-save would show wrongly; by `id`. */
  readonly native: ReadonlySet<string>;
}

/**
 * Reads the objects of `nft -j list ruleset`. `texts` has the rules as nft writes them, by `family/table/handle`;
 * `elements` of sets and maps left out of the objects, by `family/table/name`.
 */
export function readNft(
  objects: readonly JsonObject[],
  texts: ReadonlyMap<string, string>,
  elements: ReadonlyMap<string, readonly unknown[]>,
): NftTables {
  const rules = new Map<string, Rule[]>();
  const foreign = new Set<string>();
  const native = new Set<string>();
  for (const object of objects) {
    const body = object["rule"];
    if (!isObject(body)) continue;
    const chainId = [body["family"], body["table"], body["chain"]].join("/");
    const before = rules.get(chainId) ?? [];
    const rule = readRule(body, before.length + 1, texts);
    if (listOf(body["expr"]).some((expression) => isObject(expression) && "xt" in expression)) foreign.add(rule.id);
    if (!listOf(body["expr"]).every(isOfIptables)) native.add(rule.id);
    rules.set(chainId, [...before, rule]);
  }
  const bodies = (kind: string): JsonObject[] => objects.map((object) => object[kind]).filter(isObject);
  return {
    chains: bodies("chain").map((body) => readChain(body, rules)),
    sets: [
      ...bodies("set").map((body) => readSet("set", body, elements)),
      ...bodies("map").map((body) => readSet("map", body, elements)),
    ],
    foreign,
    native,
  };
}

const IPTABLES_STATEMENTS = new Set(["xt", "counter", "limit", "accept", "drop", "return", "jump", "goto"]);

/**
 * Says whether iptables-nft writes such expressions. It leaves those it does not know out of what it shows: of
 * `ip saddr { 10.0.0.1, 10.0.0.3 } accept` version 1.8.9 shows `-j ACCEPT`.
 */
function isOfIptables(expression: unknown): boolean {
  if (!isObject(expression)) return false;
  const [kind, body] = firstEntry(expression);
  if (kind !== "match") return IPTABLES_STATEMENTS.has(kind) && typeof body !== "string";
  if (!isObject(body) || !isObject(body["left"])) return false;
  const [left, of] = firstEntry(body["left"]);
  const looks =
    left === "payload" ||
    left === "meta" ||
    (left === "&" && isObject(listOf(of)[0]) && !("ct" in (listOf(of)[0] as JsonObject)));
  const right = body["right"];
  const plain = typeof right === "number" || (typeof right === "string" && !right.startsWith("@"));
  return (
    looks &&
    (plain || Array.isArray(right) || (isObject(right) && ("prefix" in right || "range" in right || "|" in right)))
  );
}

function readChain(body: JsonObject, rules: ReadonlyMap<string, readonly Rule[]>): Chain {
  const [family, table, name] = [textOf(body["family"]) as Family, textOf(body["table"]), textOf(body["name"])];
  const id = `${family}/${table}/${name}`;
  const base = readBase(body);
  return {
    id,
    program: "nft",
    family,
    table,
    name,
    handle: Number(body["handle"]),
    ...(base === undefined ? {} : { base }),
    rules: rules.get(id) ?? [],
  };
}

function readBase(body: JsonObject): BaseChain | undefined {
  if (typeof body["hook"] !== "string") return undefined;
  const device = typeof body["dev"] === "string" ? body["dev"] : undefined;
  return {
    type: textOf(body["type"]) as BaseChain["type"],
    hook: body["hook"] as Hook,
    priority: Number(body["prio"]),
    policy: body["policy"] === "drop" ? "drop" : "accept",
    ...(device === undefined ? {} : { device }),
  };
}

function readRule(body: JsonObject, number: number, texts: ReadonlyMap<string, string>): Rule {
  const [family, table, chain] = [textOf(body["family"]) as Family, textOf(body["table"]), textOf(body["chain"])];
  const handle = Number(body["handle"]);
  const expressions = listOf(body["expr"]);
  const chainId = `${family}/${table}/${chain}`;
  const count = expressions.map(countOf).find((found) => found !== undefined);
  return {
    id: `${chainId}/${handle}`,
    program: "nft",
    family,
    table,
    chain,
    chainId,
    handle,
    number,
    text: texts.get(`${family}/${table}/${handle}`) ?? JSON.stringify(expressions),
    ...(typeof body["comment"] === "string" ? { comment: body["comment"] } : {}),
    ...(count === undefined ? {} : { count }),
    parts: readParts(expressions, { family, table }),
  };
}

function countOf(expression: unknown): Count | undefined {
  // A reference to a named counter is its name instead.
  const counter = isObject(expression) ? expression["counter"] : undefined;
  return isObject(counter) ? { packets: Number(counter["packets"]), bytes: Number(counter["bytes"]) } : undefined;
}

const DATATYPES: Readonly<Record<string, Datatype>> = {
  ipv4_addr: "address",
  ipv6_addr: "address",
  inet_service: "port",
  inet_proto: "protocol",
  ifname: "interface",
  iface_index: "interface",
  mark: "mark",
  ct_state: "ct-state",
  ct_status: "ct-status",
  ct_dir: "ct-direction",
  icmp_type: "icmp-type",
  icmpv6_type: "icmpv6-type",
  tcp_flag: "tcp-flags",
  ether_type: "ethertype",
  pkt_type: "packet-type",
  nf_proto: "family",
  integer: "number",
};

function readSet(kind: "set" | "map", body: JsonObject, elements: ReadonlyMap<string, readonly unknown[]>): NamedSet {
  const [family, table, name] = [textOf(body["family"]) as Family, textOf(body["table"]), textOf(body["name"])];
  const id = `${family}/${table}/${name}`;
  const types = datatypes(body["type"]);
  const dataTypes = datatypes(body["map"]);
  const known = elements.get(id) ?? (Array.isArray(body["elem"]) ? body["elem"] : undefined);
  return {
    id,
    family,
    table,
    name,
    kind,
    keyTypes: types,
    dataTypes,
    ...([body["flags"]].flat().some((flag) => flag === "dynamic" || flag === "timeout")
      ? { changesByItself: true }
      : {}),
    ...(known === undefined
      ? {}
      : { elements: known.map((element) => readMember(element, types, { family, table }, dataTypes)) }),
  };
}

function datatypes(type: unknown): Datatype[] {
  const names = typeof type === "string" ? type.split(" . ") : listOf(type).map(textOf);
  return names.map((name) => DATATYPES[name] ?? "other");
}
