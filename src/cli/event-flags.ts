import { parseIpv4Prefix, type Ipv4Prefix } from "../address/ipv4-prefix.ts";
import { parseIpv4 } from "../address/ipv4.ts";
import type { EventKind } from "../kernel/conntrack/event-socket.ts";

const KINDS: readonly EventKind[] = ["new", "update", "destroy"];

/** Reads a kind of event; throws a RangeError that names those there are. */
export function parseEventKind(text: string): EventKind {
  const found = KINDS.find((kind) => kind === text);
  if (found === undefined) throw new RangeError(`one of ${KINDS.join(", ")} is needed`);
  return found;
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
};

/** Reads a protocol's name or number. */
export function parseProtocol(text: string): number {
  const number = PROTOCOLS[text] ?? (/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN);
  if (number >= 0 && number <= 255) return number;
  throw new RangeError(`a number up to 255 is needed, or one of ${Object.keys(PROTOCOLS).join(", ")}`);
}

/** Reads an address or a prefix. */
export function parseAddressOrPrefix(text: string): Ipv4Prefix {
  const address = parseIpv4(text);
  const prefix = address === undefined ? parseIpv4Prefix(text) : { address, length: 32 };
  if (prefix === undefined)
    throw new RangeError("an IPv4 address or prefix is needed, as in 10.10.1.5 or 10.10.0.0/16");
  return prefix;
}

/** Reads a port. */
export function parsePortNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new RangeError("a port from 0 to 65535 is needed");
}
