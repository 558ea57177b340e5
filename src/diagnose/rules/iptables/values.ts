import { parseAddress } from "../address.ts";
import type { Datatype, Expression, FieldName, Pattern } from "../expression.ts";
import { prefixFromNetmask } from "../../../address/ipv4-prefix.ts";
import { between, exactly, prefixPattern, wordPattern } from "../pattern.ts";
import type { Match } from "../statement.ts";

/** Compares a field with patterns: any of them will do. */
export function compare(
  [name, datatype]: readonly [FieldName, Datatype],
  keys: readonly Pattern[],
  negated: boolean,
  text: string,
  protocols?: readonly number[],
): Match {
  const left: Expression = { kind: "field", name, datatype, ...(protocols === undefined ? {} : { protocols }) };
  return { kind: "compare", left, op: "equal", negated, right: { elements: keys.map((key) => ({ key })) }, text };
}

/** Reads `address`, `address/length` or `address/mask`. */
export function addressPattern(text: string): Pattern {
  const unknown: Pattern = { kind: "unknown", text };
  const [address = "", mask] = text.split("/");
  if (mask === undefined) return wordPattern("address", address);
  if (/^\d+$/.test(mask)) return prefixPattern(address, Number(mask)) ?? unknown;
  const parsed = parseAddress(mask);
  const length = parsed?.family === "ip" ? prefixFromNetmask(Number(parsed.value)) : undefined;
  return length === undefined ? unknown : (prefixPattern(address, length) ?? unknown);
}

/** Reads `low<separator>high` or a single value. */
export function rangePattern(datatype: Datatype, text: string, separator: ":" | "-"): Pattern {
  const at = text.indexOf(separator);
  if (at < 0) return wordPattern(datatype, text);
  const low = wordPattern(datatype, text.slice(0, at) || "0");
  const high = wordPattern(datatype, text.slice(at + 1) || "65535");
  return low.kind === "range" && high.kind === "range" ? between(low.low, high.high) : { kind: "unknown", text };
}

/** Reads `value` or `value/mask`: the field's bits under the mask are those of the value. */
export function maskedMatch(
  [name, datatype]: readonly [FieldName, Datatype],
  text: string,
  negated: boolean,
  whole: string,
): Match {
  const [value = "", mask] = text.split("/");
  const key = wordPattern(datatype, value);
  if (mask === undefined || key.kind !== "range") return compare([name, datatype], [key], negated, whole);
  const left: Expression = {
    kind: "bits",
    op: "and",
    of: [
      { kind: "field", name, datatype },
      { kind: "literal", pattern: exactly(BigInt(mask)) },
    ],
  };
  return { kind: "compare", left, op: "equal", negated, right: { elements: [{ key }] }, text: whole };
}

/** A value that is a constant. */
export function literal(value: bigint | number): Expression {
  return { kind: "literal", pattern: exactly(value) };
}
