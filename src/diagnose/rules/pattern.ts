import { addressBits, parseAddress } from "./address.ts";
import type { Datatype, Pattern } from "./expression.ts";
import { symbolNumber } from "./symbols.ts";

/** Exactly this number. */
export function exactly(value: bigint | number): Pattern {
  return { kind: "range", low: BigInt(value), high: BigInt(value) };
}

/** All numbers from one to the other. */
export function between(low: bigint | number, high: bigint | number): Pattern {
  return { kind: "range", low: BigInt(low), high: BigInt(high) };
}

/** All addresses of a prefix, or undefined if the text is no address. */
export function prefixPattern(address: string, length: number): Pattern | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const host = (1n << BigInt(addressBits(parsed.family) - length)) - 1n;
  const low = parsed.value & ~host;
  return { kind: "range", low, high: low | host };
}

/** Reads a single word of a field's type: an address, a number, a name. Prefixes and ranges are not words. */
export function wordPattern(datatype: Datatype, word: string): Pattern {
  if (datatype === "interface") return interfacePattern(word, "*");
  if (datatype === "text") return { kind: "name", name: word, prefix: false };
  if (datatype === "address") {
    const address = parseAddress(word);
    return address === undefined ? { kind: "unknown", text: word } : exactly(address.value);
  }
  const value = symbolNumber(datatype, word);
  return value === undefined ? { kind: "unknown", text: word } : exactly(value);
}

/** The name of an interface; a last character that is the wildcard stands for any rest. */
export function interfacePattern(name: string, wildcard: "*" | "+"): Pattern {
  // nft writes a star that belongs to the name with a backslash.
  if (wildcard === "*" && name.endsWith("\\*")) return { kind: "name", name: `${name.slice(0, -2)}*`, prefix: false };
  return name.endsWith(wildcard)
    ? { kind: "name", name: name.slice(0, -1), prefix: true }
    : { kind: "name", name, prefix: false };
}
