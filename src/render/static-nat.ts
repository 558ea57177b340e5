import type { Ipv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix, type Ipv4Prefix } from "../address/ipv4-prefix.ts";
import { formatIpv4Range, mergeRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import type { StaticNat } from "../config/gateway.ts";
import type { NftSet } from "./desired-state.ts";
import { identifier } from "./name.ts";

/** A public and a private prefix of the same length, mapped one to one. */
export interface PrefixPair {
  readonly public: Ipv4Prefix;
  readonly private: Ipv4Prefix;
}

/** The fewest pairs of prefixes that map the ranges onto each other in their order. */
export function pairPrefixes(publicRange: Ipv4Range, privateRange: Ipv4Range): PrefixPair[] {
  const pairs: PrefixPair[] = [];
  let left = publicRange.last - publicRange.first + 1;
  let outer = publicRange.first;
  let inner = privateRange.first;
  while (left > 0) {
    let size = Math.min(alignment(outer), alignment(inner));
    while (size > left) size /= 2;
    const length = 32 - Math.log2(size);
    pairs.push({ public: { address: outer, length }, private: { address: inner, length } });
    outer += size;
    inner += size;
    left -= size;
  }
  return pairs;
}

function alignment(address: Ipv4): number {
  return address === 0 ? 2 ** 32 : (address & -address) >>> 0;
}

/** The maps of static NAT and the statements that look them up. */
export interface StaticMaps {
  readonly sets: readonly NftSet[];
  /** Destination: public to private. */
  readonly incoming: readonly string[];
  /** Source: private to public, for each outside link. */
  readonly outgoing: readonly {
    readonly out: string;
    readonly statements: readonly string[];
    readonly hosts: string;
  }[];
}

/**
 * Single addresses are in a hash, prefixes in an interval map of their own: nft does not take both in one, and most
 * files have only the first kind.
 */
export function staticMaps(statics: readonly StaticNat[]): StaticMaps {
  const sets: NftSet[] = [];
  const incoming = mapsOf(statics);
  sets.push(...incoming.sets);
  const outgoing = [...new Set(statics.map((entry) => entry.out))].map((out) => {
    const entries = statics.filter((entry) => entry.out === out);
    const maps = mapsOf(entries, out);
    const hosts = identifier("private_", out);
    const elements = mergeRanges(entries.map((entry) => entry.private)).map(formatIpv4Range);
    const about = `hosts with a static public address on ${out}`;
    sets.push(...maps.sets, { name: hosts, key: "ipv4_addr", flags: ["interval"], elements, about });
    return { out, statements: maps.statements, hosts };
  });
  return { sets, incoming: incoming.statements, outgoing };
}

/** Without a link: public to private. With one: private to public, for what leaves by it. */
function mapsOf(entries: readonly StaticNat[], out?: string): { sets: NftSet[]; statements: string[] } {
  const single = new Map<string, string>();
  const whole = new Map<string, string>();
  for (const entry of entries) {
    for (const pair of pairPrefixes(entry.public, entry.private)) {
      const [from, to] = out === undefined ? [pair.public, pair.private] : [pair.private, pair.public];
      const map = from.length === 32 ? single : whole;
      if (!map.has(writePrefix(from))) map.set(writePrefix(from), writePrefix(to));
    }
  }
  const about = out === undefined ? "static NAT: public to private" : `static NAT on ${out}: private to public`;
  const sets: NftSet[] = [];
  const statements: string[] = [];
  if (single.size > 0) {
    const name = out === undefined ? "static_in" : identifier("static_out_", out);
    sets.push({ name, key: "ipv4_addr", data: "ipv4_addr", flags: [], elements: list(single), about });
    statements.push(out === undefined ? `dnat ip to ip daddr map @${name}` : `snat ip to ip saddr map @${name}`);
  }
  if (whole.size > 0) {
    const name = out === undefined ? "static_in_prefixes" : identifier("static_prefixes_out_", out);
    const data = "interval ipv4_addr";
    sets.push({ name, key: "ipv4_addr", data, flags: ["interval"], elements: list(whole), about });
    const map = `map @${name}`;
    statements.push(out === undefined ? `dnat ip prefix to ip daddr ${map}` : `snat ip prefix to ip saddr ${map}`);
  }
  return { sets, statements };
}

function writePrefix(prefix: Ipv4Prefix): string {
  const text = formatIpv4Prefix(prefix);
  return prefix.length === 32 ? text.slice(0, -3) : text;
}

function list(map: ReadonlyMap<string, string>): string[] {
  return [...map].map(([key, value]) => `${key} : ${value}`);
}
