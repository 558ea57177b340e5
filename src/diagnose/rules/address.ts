import { parseIpv4, formatIpv4 } from "../../address/ipv4.ts";

/** An address of either family as a number of its width: 10.0.0.1 is 0x0a000001n. */
export interface Address {
  readonly family: "ip" | "ip6";
  readonly value: bigint;
}

/** Reads an IPv4 or IPv6 address (RFC 4291, 2.2), or returns undefined. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(":")) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: "ip", value: BigInt(value) };
  }
  const value = parseIpv6(text);
  return value === undefined ? undefined : { family: "ip6", value };
}

/** How many bits an address of the family has. */
export function addressBits(family: "ip" | "ip6"): number {
  return family === "ip" ? 32 : 128;
}

/** Writes an address; IPv6 with the longest run of zeros left out (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  if (family === "ip") return formatIpv4(Number(value));
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let [start, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return start < 0 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === "" ? [] : groupsOf(half)));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] | undefined {
  const groups: bigint[] = [];
  const words = text.split(":");
  for (const [index, word] of words.entries()) {
    const v4 = index === words.length - 1 && word.includes(".") ? parseIpv4(word) : undefined;
    if (v4 !== undefined) groups.push(BigInt(v4 >>> 16), BigInt(v4 & 0xffff));
    else if (/^[0-9a-fA-F]{1,4}$/.test(word)) groups.push(BigInt(`0x${word}`));
    else return undefined;
  }
  return groups;
}
