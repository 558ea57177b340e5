import type { Pattern } from "../expression.ts";
import { any, all, type Certainty } from "./certainty.ts";

/** What an expression gives for a packet. A packet without the field has an absent one: nothing matches it. */
export type Value =
  /** Bits set in `unknown` may be either. */
  | { readonly kind: "number"; readonly bits: bigint; readonly unknown: bigint }
  /** The smallest and largest it can be. */
  | { readonly kind: "between"; readonly low: bigint; readonly high: bigint }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly of: readonly Value[] }
  | { readonly kind: "unknown" }
  | { readonly kind: "absent" };

/** Nobody knows. */
export const UNKNOWN: Value = { kind: "unknown" };
/** The packet has no such field. */
export const ABSENT: Value = { kind: "absent" };

/** A number all bits of which are known. */
export function known(value: bigint | number): Value {
  return { kind: "number", bits: BigInt(value), unknown: 0n };
}

/** Says whether the value is one of the pattern's. */
export function fits(value: Value, pattern: Pattern): Certainty {
  if (value.kind === "absent") return "no";
  if (pattern.kind === "any") return "yes";
  if (value.kind === "unknown" || pattern.kind === "unknown") return "perhaps";
  if (pattern.kind === "tuple") {
    if (value.kind !== "tuple" || value.of.length !== pattern.of.length) return "perhaps";
    return all(value.of.map((part, index) => fits(part, pattern.of[index] ?? { kind: "any" })));
  }
  if (pattern.kind === "name") {
    if (value.kind !== "name") return "perhaps";
    return (pattern.prefix ? value.name.startsWith(pattern.name) : value.name === pattern.name) ? "yes" : "no";
  }
  if (value.kind === "number") return numberFits(value.bits, value.unknown, pattern.low, pattern.high);
  if (value.kind === "between") {
    if (value.low >= pattern.low && value.high <= pattern.high) return "yes";
    return value.high < pattern.low || value.low > pattern.high ? "no" : "perhaps";
  }
  return "perhaps";
}

function numberFits(bits: bigint, unknown: bigint, low: bigint, high: bigint): Certainty {
  if (unknown === 0n) return bits >= low && bits <= high ? "yes" : "no";
  if (low === high && ((bits ^ low) & ~unknown) !== 0n) return "no";
  const [smallest, largest] = [bits & ~unknown, bits | unknown];
  if (smallest >= low && largest <= high) return "yes";
  return largest < low || smallest > high ? "no" : "perhaps";
}

/** Says whether the value and the pattern have a flag in common. */
export function overlaps(value: Value, pattern: Pattern): Certainty {
  if (value.kind === "absent") return "no";
  if (value.kind !== "number" || pattern.kind !== "range") return "perhaps";
  if ((value.bits & ~value.unknown & pattern.low) !== 0n) return "yes";
  return (value.unknown & pattern.low) === 0n ? "no" : "perhaps";
}

/** Says whether the value is below the pattern's lowest (`below`) or above its highest (`above`). */
export function beyond(value: Value, side: "below" | "above", pattern: Pattern): Certainty {
  if (value.kind === "absent") return "no";
  if (pattern.kind !== "range" || (value.kind !== "number" && value.kind !== "between")) return "perhaps";
  const limit = side === "below" ? pattern.low : pattern.high;
  const lowest = value.kind === "number" ? value.bits & ~value.unknown : value.low;
  const highest = value.kind === "number" ? value.bits | value.unknown : value.high;
  const answers = [lowest, highest].map((end) => (side === "below" ? end < limit : end > limit));
  return answers.every(Boolean) ? "yes" : any(answers.map((answer) => (answer ? "perhaps" : "no")));
}

/** What a value is if it may be either of two. */
export function either(one: Value, other: Value): Value {
  if (one.kind === "number" && other.kind === "number") {
    return { kind: "number", bits: one.bits, unknown: one.unknown | other.unknown | (one.bits ^ other.bits) };
  }
  return one.kind === "name" && other.kind === "name" && one.name === other.name ? one : UNKNOWN;
}
