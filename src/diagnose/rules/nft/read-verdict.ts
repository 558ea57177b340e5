import type { Verdict } from "../expression.ts";
import { firstEntry, isObject, textOf } from "../json.ts";

/** Reads a verdict with the full name of the chain it leads to; undefined if the object is something else. */
export function readVerdict(
  json: unknown,
  table: { readonly family: string; readonly table: string },
): Verdict | undefined {
  if (!isObject(json)) return undefined;
  const [kind, body] = firstEntry(json);
  if (kind === "accept" || kind === "drop" || kind === "return" || kind === "continue") return { kind };
  if (kind === "jump" || kind === "goto") {
    const target = isObject(body) ? textOf(body["target"]) : "";
    return { kind, chain: `${table.family}/${table.table}/${target}` };
  }
  if (kind === "reject") {
    const words = isObject(body) ? [body["type"], body["expr"]].filter((word) => typeof word === "string") : [];
    return words.length === 0 ? { kind } : { kind, with: words.join(" ") };
  }
  if (kind === "queue") {
    const number = isObject(body) ? JSON.stringify(body["num"]) : undefined;
    return number === undefined ? { kind } : { kind, number };
  }
  return undefined;
}
