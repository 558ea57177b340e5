import type { Datatype, Member, Pattern, Verdict } from "../expression.ts";
import { between, prefixPattern, wordPattern } from "../pattern.ts";
import type { NamedSet } from "../ruleset.ts";

/** Reads what a map gives for a key as nft writes it in text: a verdict, a value, a range, or a tuple of such. */
export function readMapData(text: string, set: NamedSet): Pick<Member, "data" | "verdict"> {
  const verdict = verdictOf(text, set);
  if (verdict !== undefined) return { verdict };
  const parts = text.split(" . ").map((part, index) => patternOf(part, set.dataTypes[index] ?? "other"));
  const [only] = parts;
  const pattern: Pattern = parts.length === 1 && only !== undefined ? only : { kind: "tuple", of: parts };
  return { data: { kind: "literal", pattern } };
}

function verdictOf(text: string, { family, table }: NamedSet): Verdict | undefined {
  if (text === "accept" || text === "drop" || text === "return" || text === "continue") return { kind: text };
  const [, kind, chain] = /^(jump|goto) (\S+)$/.exec(text) ?? [];
  return kind === "jump" || kind === "goto" ? { kind, chain: `${family}/${table}/${chain}` } : undefined;
}

function patternOf(text: string, datatype: Datatype): Pattern {
  const [address, length] = text.split("/");
  if (address !== undefined && length !== undefined && /^\d+$/.test(length)) {
    return prefixPattern(address, Number(length)) ?? { kind: "unknown", text };
  }
  const [low, high] = text.split("-").map((end) => wordPattern(datatype, end.replaceAll('"', "")));
  if (low?.kind === "range" && high?.kind === "range") return between(low.low, high.high);
  return wordPattern(datatype, text.replaceAll('"', ""));
}
