import { isObject, type JsonObject } from "../json.ts";
import { isFlags } from "../symbols.ts";
import type { Match } from "../statement.ts";
import { datatypesOf, readExpression, readMembers, type TableName } from "./read-expression.ts";

/** Reads `match` of nft's JSON; what we cannot look at becomes `unknown` with its JSON. */
export function readMatch(body: JsonObject, table: TableName): Match {
  const text = JSON.stringify(body);
  const left = readExpression(body["left"], table);
  const datatypes = datatypesOf(left);
  const right = body["right"];
  const op = typeof body["op"] === "string" ? body["op"] : "==";
  if (left.kind === "unknown" || isComputed(right)) return { kind: "unknown", text };
  const compare = { kind: "compare", left, right: readMembers(right, datatypes, table), text } as const;
  switch (op) {
    case "==":
      return { ...compare, op: "equal", negated: false };
    case "!=":
      return { ...compare, op: "equal", negated: true };
    case "in":
      // Flags: one of those named. Anything else: a member of the set.
      return {
        ...compare,
        op: isFlags(datatypes[0] ?? "other") && !isLookup(right) ? "overlap" : "equal",
        negated: false,
      };
    case "!":
      return { ...compare, op: "overlap", negated: true };
    case "<":
      return { ...compare, op: "below", negated: false };
    case ">=":
      return { ...compare, op: "below", negated: true };
    case ">":
      return { ...compare, op: "above", negated: false };
    case "<=":
      return { ...compare, op: "above", negated: true };
    default:
      return { kind: "unknown", text };
  }
}

function isLookup(right: unknown): boolean {
  return (typeof right === "string" && right.startsWith("@")) || (isObject(right) && "set" in right);
}

/** Another field on the right side. */
function isComputed(right: unknown): boolean {
  return isObject(right) && ("meta" in right || "ct" in right || "payload" in right || "map" in right);
}
