import { isIPv6 } from "node:net";
import { parseIpv4 } from "../address/ipv4.ts";
import type { AddressPrefix } from "../kernel/conntrack/address-prefix.ts";
import type { EventKind } from "../kernel/conntrack/event-socket.ts";
import { ipv6Bytes } from "../kernel/conntrack/tuple.ts";

const KINDS: readonly EventKind[] = ["new", "update", "destroy"];

/** Reads a kind of event; throws a RangeError that names those there are. */
export function parseEventKind(text: string): EventKind {
  const found = KINDS.find((kind) => kind === text);
  if (found === undefined) throw new RangeError(`one of ${KINDS.join(", ")} is needed`);
  return found;
}

/** Reads an address or a prefix of either family. */
export function parseAddressOrPrefix(text: string): AddressPrefix {
  const [address = "", length] = text.split("/");
  const v4 = parseIpv4(address);
  const bytes = v4 === undefined ? ipv6Of(address) : Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4);
  const bits = length === undefined ? Number.POSITIVE_INFINITY : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (bytes !== undefined && (length === undefined || bits <= bytes.length * 8) && text.split("/").length <= 2) {
    return { bytes, length: Math.min(bits, bytes.length * 8) };
  }
  throw new RangeError("an address or prefix is needed, as in 10.10.1.5, 10.10.0.0/16 or 2001:db8::/32");
}

function ipv6Of(text: string): Uint8Array | undefined {
  return isIPv6(text) && !text.includes("%") ? ipv6Bytes(text) : undefined;
}

/** Reads a port. */
export function parsePortNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new RangeError("a port from 0 to 65535 is needed");
}
