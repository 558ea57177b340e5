import type { Datatype, FieldName, Pattern } from "../expression.ts";
import { exactly } from "../pattern.ts";
import type { Match } from "../statement.ts";
import { CT_STATES, CT_STATUSES, symbolNumber } from "../symbols.ts";
import { addressPattern, compare, rangePattern } from "./values.ts";
import { wordPattern } from "../pattern.ts";

const TUPLE: Readonly<Record<string, readonly [FieldName, Datatype]>> = {
  "--ctorigsrc": ["ct-original-source", "address"],
  "--ctorigdst": ["ct-original-destination", "address"],
  "--ctreplsrc": ["ct-reply-source", "address"],
  "--ctrepldst": ["ct-reply-destination", "address"],
  "--ctorigsrcport": ["ct-original-source-port", "port"],
  "--ctorigdstport": ["ct-original-destination-port", "port"],
  "--ctreplsrcport": ["ct-reply-source-port", "port"],
  "--ctrepldstport": ["ct-reply-destination-port", "port"],
};

/** Reads an option of `-m conntrack` or `-m state`; undefined if it is none we can look at. */
export function connectionMatch(option: string, value: string, negated: boolean, text: string): Match | undefined {
  if (option === "--ctstate" || option === "--state") return stateMatch(value, negated, text);
  if (option === "--ctstatus") {
    const bits = flagBits(value, {
      NONE: 0,
      EXPECTED: 1,
      SEEN_REPLY: 2,
      ASSURED: 4,
      CONFIRMED: CT_STATUSES["confirmed"] ?? 8,
    });
    return bits === undefined ? undefined : overlap("ct-status", bits, negated, text);
  }
  if (option === "--ctdir") {
    return compare(["ct-direction", "ct-direction"], [wordPattern("ct-direction", value)], negated, text);
  }
  if (option === "--ctproto") {
    const number = symbolNumber("protocol", value);
    return number === undefined ? undefined : compare(["ct-protocol", "protocol"], [exactly(number)], negated, text);
  }
  const field = TUPLE[option];
  if (field === undefined) return undefined;
  const pattern: Pattern = field[1] === "address" ? addressPattern(value) : rangePattern("port", value, ":");
  return compare(field, [pattern], negated, text);
}

/** SNAT and DNAT are states here: the connection's translation, whatever its state is. */
function stateMatch(value: string, negated: boolean, text: string): Match | undefined {
  const names = value.split(",");
  const states = names.filter((name) => name !== "SNAT" && name !== "DNAT").join(",");
  const translations = names.filter((name) => name === "SNAT" || name === "DNAT").join(",");
  const of: Match[] = [];
  if (states !== "") {
    const bits = flagBits(states, {
      INVALID: CT_STATES.invalid,
      NEW: CT_STATES.new,
      ESTABLISHED: CT_STATES.established,
      RELATED: CT_STATES.related,
      UNTRACKED: CT_STATES.untracked,
    });
    if (bits === undefined) return undefined;
    of.push(overlap("ct-state", bits, false, text));
  }
  if (translations !== "") {
    const bits = flagBits(translations, { SNAT: CT_STATUSES["snat"] ?? 16, DNAT: CT_STATUSES["dnat"] ?? 32 });
    if (bits === undefined) return undefined;
    of.push(overlap("ct-status", bits, false, text));
  }
  return { kind: "any-of", of, negated, text };
}

function overlap(name: "ct-state" | "ct-status", bits: number, negated: boolean, text: string): Match {
  const right = { elements: [{ key: exactly(bits) }] };
  return { kind: "compare", left: { kind: "field", name, datatype: name }, op: "overlap", negated, right, text };
}

function flagBits(value: string, flags: Readonly<Record<string, number>>): number | undefined {
  let bits = 0;
  for (const name of value.split(",")) {
    const flag = flags[name];
    if (flag === undefined) return undefined;
    bits |= flag;
  }
  return bits;
}
