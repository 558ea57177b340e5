import { hasPrefix, type AddressPrefix } from "../../kernel/conntrack/address-prefix.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { EventFilter } from "../../kernel/conntrack/event-filter.ts";
import { GRE, PORT_PROTOCOLS } from "../../kernel/conntrack/protocol-name.ts";

/** Says of an entry what the kernel's filter says of its events. */
export function matchesFilter(entry: ConnectionEntry, filter: EventFilter): boolean {
  const { protocols, ports, sources, destinations, publics } = filter;
  const { family, protocol, destinationPort, sourceAt, destinationAt } = entry.original;
  const { bytes } = entry.buffer;
  const isWithin = (at: number, prefixes: readonly AddressPrefix[] | undefined): boolean =>
    prefixes === undefined ||
    prefixes.some((prefix) => prefix.bytes.length === (family === 2 ? 4 : 16) && hasPrefix(bytes, at, prefix));
  return (
    (protocols === undefined || protocols.includes(protocol)) &&
    (ports === undefined || (hasPorts(protocol) && ports.includes(destinationPort))) &&
    isWithin(sourceAt, sources) &&
    isWithin(destinationAt, destinations) &&
    isWithin(entry.reply.destinationAt, publics)
  );
}

/** Keys of GRE are in the place of ports, and the kernel sends them as such. */
function hasPorts(protocol: number): boolean {
  return PORT_PROTOCOLS.has(protocol) || protocol === GRE;
}
