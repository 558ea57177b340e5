import type { Action, Part, Translation } from "../statement.ts";
import { firstEntry, isObject, listOf, textOf, type JsonObject } from "../json.ts";
import { readMatch } from "./read-match.ts";
import { datatypesOf, readExpression, readMembers, readValue, type TableName } from "./read-expression.ts";
import { readVerdict } from "./read-verdict.ts";

/** Reads the expressions of a rule, in order. */
export function readParts(expressions: readonly unknown[], table: TableName): Part[] {
  let limited = false;
  return expressions.filter(isObject).map((expression): Part => {
    const [kind, body] = firstEntry(expression);
    if (kind === "match" && isObject(body)) return { kind: "match", match: readMatch(body, table) };
    const asked = readQuestion(kind, body);
    if (asked !== undefined) return { kind: "match", match: { kind: "unknown", text: asked } };
    if (kind === "limit") limited = true;
    return { kind: "action", action: readAction(expression, table, limited) };
  });
}

/** Expressions that may end the rule although nft does not write them as a match. */
function readQuestion(kind: string, body: unknown): string | undefined {
  if (kind === "xt" && isObject(body) && body["type"] === "match") return `xt match ${textOf(body["name"])}`;
  if (kind === "ct count" || kind === "meter" || kind === "quota") return `${kind} ${JSON.stringify(body)}`;
  // A set with a limit in it passes packets as a limit does.
  if (kind === "set" && isObject(body) && listOf(body["stmt"]).length > 0) return `set ${JSON.stringify(body)}`;
  return STATEMENTS.has(kind) ? undefined : `${kind} ${JSON.stringify(body)}`;
}

/** What rules do, by nft's words; whatever else there is may be a question. */
const STATEMENTS = new Set(
  ["accept", "drop", "return", "continue", "jump", "goto", "reject", "queue", "vmap", "counter", "limit", "log"].concat(
    [
      "snat",
      "dnat",
      "masquerade",
      "redirect",
      "mangle",
      "notrack",
      "ct helper",
      "ct timeout",
      "ct expectation",
      "flow",
    ],
    ["synproxy", "tproxy", "xt", "set", "map", "dup", "fwd", "secmark", "reset", "last"],
  ),
);

/** Targets of iptables of which nft tells the name only. */
function readForeignTarget(name: string): Action | undefined {
  const address = { kind: "unknown", text: `xt target ${name}` } as const;
  if (name === "DNAT" || name === "SNAT") return { kind: name === "DNAT" ? "dnat" : "snat", address, flags: [] };
  if (name === "MASQUERADE" || name === "REDIRECT") {
    return { kind: name === "REDIRECT" ? "redirect" : "masquerade", port: address, flags: [] };
  }
  if (name === "MARK") return { kind: "set-mark", value: address };
  if (name === "TCPMSS") return { kind: "mss-clamp" };
  return name === "REJECT" ? { kind: "reject" } : undefined;
}

function readAction(expression: JsonObject, table: TableName, limited: boolean): Action {
  const verdict = readVerdict(expression, table);
  if (verdict !== undefined) return verdict;
  const [kind, body] = firstEntry(expression);
  const other: Action = { kind: "other", text: JSON.stringify(expression) };
  switch (kind) {
    case "counter":
      return typeof body === "string" ? { kind, name: body } : { kind };
    case "snat":
    case "dnat":
    case "masquerade":
    case "redirect":
      return readTranslation(kind, isObject(body) ? body : {}, table);
    case "vmap": {
      if (!isObject(body)) return other;
      const key = readExpression(body["key"], table);
      return { kind: "verdict-map", key, in: readMembers(body["data"], datatypesOf(key), table) };
    }
    case "mangle":
      return (isObject(body) ? readMangle(body, table) : undefined) ?? other;
    case "log": {
      const object = isObject(body) ? body : {};
      const group = object["group"];
      return {
        kind: "log",
        limited,
        ...(typeof object["prefix"] === "string" ? { prefix: object["prefix"] } : {}),
        ...(typeof group === "number" ? { group } : {}),
      };
    }
    case "limit":
      return { kind: "limit", text: JSON.stringify(body) };
    case "notrack":
      return { kind: "notrack" };
    case "ct helper":
      return { kind: "helper", name: textOf(body) };
    case "ct timeout":
      return { kind: "ct-timeout", name: textOf(body) };
    case "flow":
      return { kind: "offload", flowtable: isObject(body) ? textOf(body["flowtable"]).replace("@", "") : "" };
    case "synproxy":
    case "tproxy":
      return { kind };
    case "xt":
      return (isObject(body) ? readForeignTarget(textOf(body["name"])) : undefined) ?? other;
    default:
      return other;
  }
}

function readTranslation(kind: Translation["kind"], body: JsonObject, table: TableName): Translation {
  const flags = (typeof body["flags"] === "string" ? [body["flags"]] : listOf(body["flags"])).map(String);
  const prefix = [body["type_flags"]].flat().includes("prefix");
  const address = body["addr"];
  const port = body["port"];
  return {
    kind,
    flags,
    ...(prefix ? { prefix } : {}),
    ...(address === undefined ? {} : { address: readValue(address, ["address", "port"], table) }),
    ...(port === undefined ? {} : { port: readValue(port, ["port"], table) }),
  };
}

function readMangle(body: JsonObject, table: TableName): Action | undefined {
  const key = body["key"];
  if (!isObject(key)) return undefined;
  const [kind, of] = firstEntry(key);
  const name = isObject(of) ? textOf(of["key"] ?? of["field"]) : "";
  const value = body["value"];
  if (kind === "meta" && name === "mark") return { kind: "set-mark", value: readValue(value, ["mark"], table) };
  if (kind === "ct" && name === "mark") return { kind: "set-ct-mark", value: readValue(value, ["mark"], table) };
  if (kind === "ct" && name === "zone") return { kind: "set-ct-zone", value: readValue(value, ["number"], table) };
  if (kind === "ct" && name === "helper") return { kind: "helper", name: textOf(value) };
  if (kind === "tcp option" && isObject(of) && of["name"] === "maxseg") {
    return typeof value === "number" ? { kind: "mss-clamp", size: value } : { kind: "mss-clamp" };
  }
  return undefined;
}
