import { formatIpv4, parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { broadcast, network } from "../../address/ipv4-prefix.ts";
import {
  addressAt,
  countAddresses,
  prefixRange,
  rangesContain,
  subtractRanges,
  type Ipv4Range,
} from "../../address/ipv4-range.ts";
import type { Plan } from "../../plan/plan.ts";
import { NEIGHBOUR_DEFAULTS } from "../../plan/sysctls.ts";
import { placePublicAddresses } from "../../render/public-addresses.ts";
import type { LabTopology } from "../topology.ts";

/** Servers to talk to: documentation addresses (RFC 5737), then one that everybody knows. */
const SERVERS = ["203.0.113.80", "198.51.100.80", "192.0.2.80", "8.8.8.8"];

/** Entries besides the subscribers': both ends of the lab's links, and the host's own. */
const OTHER_NEIGHBOURS = 100;

/** The subscribers of a rule that can speak: no address of the gateway's, no network or broadcast address of a link. */
export function speakers(subscribers: readonly Ipv4Range[], topology: LabTopology): Ipv4Range[] {
  const mute = topology.links.flatMap((link) =>
    link.addresses.flatMap((own) => {
      const edges = own.length >= 31 ? [] : [network(own), broadcast(own)];
      return [own.address, ...edges].map((address) => ({ first: address, last: address }));
    }),
  );
  return subtractRanges(subscribers, mute).flatMap((range) => keepOwned(range, topology.inside.owned));
}

/** So many of the addresses, evenly spread, the first one included; each once. */
export function spread(ranges: readonly Ipv4Range[], count: number): Ipv4[] {
  const total = countAddresses(ranges);
  const picked = new Set<Ipv4>();
  for (let i = 0; i < count; i++) {
    const address = addressAt(ranges, Math.floor((i * total) / count));
    if (address !== undefined) picked.add(address);
  }
  return [...picked];
}

/** The first so many of the addresses. */
export function firstAddresses(ranges: readonly Ipv4Range[], count: number): Ipv4Range[] {
  const kept: Ipv4Range[] = [];
  let left = count;
  for (const range of ranges) {
    if (left <= 0) break;
    kept.push({ first: range.first, last: Math.min(range.last, range.first + left - 1) });
    left -= range.last - range.first + 1;
  }
  return kept;
}

/**
 * How many of the subscribers may speak at once with the neighbour table's limit as it is; the text of the sysctl, or
 * undefined where only the host's own namespace shows it. Well below it, because others on the host need room too.
 */
export function neighbourRoom(limit: string | undefined, subscribers: number): number {
  const known = Number(limit ?? NEIGHBOUR_DEFAULTS.gc_thresh3);
  return known >= subscribers + OTHER_NEIGHBOURS ? subscribers : Math.floor(known * 0.4);
}

/** An address on the internet that nothing in the file speaks for. */
export function pickServer(plan: Plan, topology: LabTopology): string {
  const taken = [
    ...topology.inside.owned,
    ...topology.links.flatMap((link) => link.addresses.map(prefixRange)),
    ...placePublicAddresses(plan.gateway).map((placed) => placed.range),
    ...plan.gateway.sourceNat.flatMap((rule) => rule.untranslatedTo),
    ...plan.gateway.twiceNat.flatMap((rule) => [prefixRange(rule.inside.seenAs), prefixRange(rule.outside.seenAs)]),
  ];
  const free = SERVERS.find((server) => !rangesContain(taken, parseIpv4(server) ?? 0));
  return free ?? formatIpv4(0x01010101);
}

/** The part of the range that the inside namespace owns. */
function keepOwned(range: Ipv4Range, owned: readonly Ipv4Range[]): Ipv4Range[] {
  return owned.flatMap((own) => {
    const first = Math.max(range.first, own.first);
    const last = Math.min(range.last, own.last);
    return first <= last ? [{ first, last }] : [];
  });
}
