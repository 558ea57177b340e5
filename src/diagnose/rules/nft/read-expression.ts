import type { Datatype, Expression, Member, Members, Pattern } from "../expression.ts";
import { firstEntry, isObject, listOf, textOf } from "../json.ts";
import { between, exactly, prefixPattern, wordPattern } from "../pattern.ts";
import { isFlags } from "../symbols.ts";
import { readField } from "./field.ts";
import { readVerdict } from "./read-verdict.ts";

/** Where names of sets are looked up. */
export interface TableName {
  readonly family: string;
  readonly table: string;
}

const BITS = { "&": "and", "|": "or", "^": "xor" } as const;

/** Reads what stands on the left side, or as a key. What we do not know becomes `unknown` with its JSON. */
export function readExpression(json: unknown, table: TableName): Expression {
  const unknown: Expression = { kind: "unknown", text: JSON.stringify(json) };
  if (!isObject(json)) return unknown;
  const [kind, body] = firstEntry(json);
  const field = readField(kind, body);
  if (field !== undefined) return field;
  if ((kind === "numgen" || kind === "jhash" || kind === "symhash") && isObject(body) && !body["offset"]) {
    const of = kind === "jhash" ? readExpression(body["expr"], table) : undefined;
    const seed = body["seed"];
    return {
      kind: "any-number",
      below: BigInt(Number(body["mod"])),
      ...(kind === "symhash" || (of !== undefined && isOfFields(of)) ? { hash: true } : {}),
      ...(of?.kind === "field" && of.datatype === "address" && typeof seed === "number" ? { jhash: { of, seed } } : {}),
    };
  }
  if (kind === "concat") return { kind: "tuple", of: listOf(body).map((part) => readExpression(part, table)) };
  if (kind === "&" || kind === "|" || kind === "^") {
    const [first, ...rest] = listOf(body);
    const left = readExpression(first, table);
    const [datatype = "other"] = datatypesOf(left);
    return { kind: "bits", op: BITS[kind], of: [left, ...rest.map((part) => readValue(part, [datatype], table))] };
  }
  if (kind === "<<" || kind === ">>") {
    const [of, by] = listOf(body);
    if (typeof by !== "number") return unknown;
    return { kind: "shift", left: kind === "<<", by: BigInt(by), of: readExpression(of, table) };
  }
  return unknown;
}

function isOfFields(of: Expression): boolean {
  return of.kind === "field" || (of.kind === "tuple" && of.of.every((part) => part.kind === "field"));
}

/** Reads an expression that is a value where it can be one: the right side of a comparison, data of a map. */
export function readValue(json: unknown, datatypes: readonly Datatype[], table: TableName): Expression {
  if (isObject(json)) {
    const [kind, body] = firstEntry(json);
    if (kind === "map" && isObject(body)) {
      const key = readExpression(body["key"], table);
      return { kind: "map", key, in: readMembers(body["data"], datatypesOf(key), table, datatypes) };
    }
    if (kind !== "prefix" && kind !== "range" && kind !== "concat" && kind !== "set") {
      const expression = readExpression(json, table);
      if (expression.kind !== "unknown") return expression;
    }
  }
  const pattern = readPattern(json, datatypes);
  return pattern.kind === "unknown" ? pattern : { kind: "literal", pattern };
}

/** The types of a field, or of the parts of a tuple. */
export function datatypesOf(expression: Expression): Datatype[] {
  if (expression.kind === "field") return [expression.datatype];
  if (expression.kind === "tuple") return expression.of.map((part) => datatypesOf(part)[0] ?? "other");
  if (expression.kind === "bits") return expression.of.slice(0, 1).flatMap(datatypesOf);
  return expression.kind === "shift" ? datatypesOf(expression.of) : [];
}

/** Reads the right side of a lookup: a named set, a list of elements, or a single value. */
export function readMembers(
  json: unknown,
  datatypes: readonly Datatype[],
  table: TableName,
  dataTypes: readonly Datatype[] = [],
): Members {
  if (typeof json === "string" && json.startsWith("@")) {
    return { set: `${table.family}/${table.table}/${json.slice(1)}` };
  }
  if (isObject(json) && "set" in json) {
    const list = Array.isArray(json["set"]) ? json["set"] : [json["set"]];
    return { elements: list.map((element) => readMember(element, datatypes, table, dataTypes)) };
  }
  return { elements: [{ key: readPattern(json, datatypes) }] };
}

/** Reads one element of a set, or one pair of a map. */
export function readMember(
  json: unknown,
  datatypes: readonly Datatype[],
  table: TableName,
  dataTypes: readonly Datatype[],
): Member {
  const pair = listOf(json);
  if (pair.length !== 2) return { key: readPattern(elementValue(json), datatypes) };
  const [keyJson, dataJson] = pair;
  const key = readPattern(elementValue(keyJson), datatypes);
  const verdict = readVerdict(dataJson, table);
  return verdict === undefined ? { key, data: readValue(dataJson, dataTypes, table) } : { key, verdict };
}

/** Elements with a timeout, a comment or a counter are wrapped. */
function elementValue(json: unknown): unknown {
  return isObject(json) && isObject(json["elem"]) ? json["elem"]["val"] : json;
}

/** Reads a value, a prefix, a range, flags or a tuple of such. */
export function readPattern(json: unknown, datatypes: readonly Datatype[]): Pattern {
  const [datatype = "other"] = datatypes;
  const unknown: Pattern = { kind: "unknown", text: JSON.stringify(json) };
  if (typeof json === "number") return exactly(json);
  if (typeof json === "boolean") return exactly(json ? 1 : 0);
  if (json === "*") return { kind: "any" };
  if (typeof json === "string") return wordPattern(datatype, json);
  if (Array.isArray(json)) return isFlags(datatype) ? flagsPattern(json, datatype) : unknown;
  if (!isObject(json)) return unknown;
  const [kind, body] = firstEntry(json);
  if (kind === "concat") {
    return {
      kind: "tuple",
      of: listOf(body).map((part, index) => readPattern(part, datatypes.slice(index, index + 1))),
    };
  }
  if (kind === "prefix" && isObject(body)) {
    return prefixPattern(textOf(body["addr"]), Number(body["len"])) ?? unknown;
  }
  if (kind === "range") {
    const [low, high] = listOf(body).map((end) => readPattern(end, datatypes));
    return low?.kind === "range" && high?.kind === "range" ? between(low.low, high.high) : unknown;
  }
  if (kind === "|" && isFlags(datatype)) return flagsPattern(listOf(body), datatype);
  return unknown;
}

function flagsPattern(flags: readonly unknown[], datatype: Datatype): Pattern {
  const values = flags.map((flag) => readPattern(flag, [datatype]));
  let together = 0n;
  for (const value of values) {
    if (value.kind !== "range") return { kind: "unknown", text: JSON.stringify(flags) };
    together |= value.low;
  }
  return exactly(together);
}
