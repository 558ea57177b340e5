import type { Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { EventFilter } from "../../kernel/conntrack/event-filter.ts";

/** Says of an entry what the kernel's filter says of its events. */
export function matchesFilter({ original, reply }: ConnectionEntry, filter: EventFilter): boolean {
  const v4 = original.family === 2;
  return (
    (filter.protocols === undefined || filter.protocols.includes(original.protocol)) &&
    (filter.ports === undefined || (hasPorts(original.protocol) && filter.ports.includes(original.destinationPort))) &&
    (filter.sources === undefined || (v4 && isWithin(original.source, filter.sources))) &&
    (filter.destinations === undefined || (v4 && isWithin(original.destination, filter.destinations))) &&
    (filter.publics === undefined || (v4 && isWithin(reply.destination, filter.publics)))
  );
}

/** ICMP has types and identifiers in the place of ports. */
function hasPorts(protocol: number): boolean {
  return protocol !== 1 && protocol !== 58;
}

function isWithin(address: number, prefixes: readonly Ipv4Prefix[]): boolean {
  return prefixes.some(({ address: network, length }) => {
    const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    return (address & mask) >>> 0 === (network & mask) >>> 0;
  });
}
