import { constants } from "node:os";
import { parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { parseIpv4Prefix, type Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import { KernelError } from "../error.ts";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor, type MessageCursor } from "../netlink/cursor.ts";
import type { NetlinkMessage } from "../netlink/message.ts";
import { NETLINK_ROUTE, withNetlink } from "../netlink/socket.ts";

export const AF_UNSPEC = 0;
export const AF_INET = 2;

/** How often a list that changes while it is read is read again. */
const ATTEMPTS = 8;

/** Lends a connection to the namespace's links, addresses, routes, rules and neighbours. */
export function withRoute<T>(namespace: NamespaceName, run: (connection: NetlinkConnection) => T): T {
  return withNetlink(namespace, NETLINK_ROUTE, run);
}

/** Reads all of a kind; `decode` gives undefined for what does not belong in the list. Reads again if it changed meanwhile. */
export function readList<T>(
  connection: NetlinkConnection,
  request: NetlinkMessage,
  tried: string,
  decode: (reply: MessageCursor, attributes: AttributeCursor) => T | undefined,
): T[] {
  const attributes = new AttributeCursor(connection.buffer);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const list: T[] = [];
    const consistent = connection.dump(request, tried, (reply) => {
      const item = decode(reply, attributes);
      if (item !== undefined) list.push(item);
    });
    if (consistent) return list;
  }
  throw new KernelError("kernel-interrupted", "the list changed each time while it was read", {
    tried,
    errno: constants.errno.EINTR,
    remedy: "try again when fewer interfaces or routes come and go",
  });
}

/** Reads dotted decimal, or throws `kernel-rejected`. */
export function requireIpv4(text: string, tried: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw notAnAddress(text, tried, "four numbers from 0 to 255: 10.0.0.1");
  return address;
}

/** Reads `a.b.c.d/length`, or throws `kernel-rejected`. */
export function requirePrefix(text: string, tried: string): Ipv4Prefix {
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined) throw notAnAddress(text, tried, "an address, a slash and 0 to 32: 10.0.0.0/8");
  return prefix;
}

/** The kernel's bytes of a MAC address written with colons, or throws `kernel-rejected`. */
export function requireMac(text: string, tried: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw notAnAddress(text, tried, "six pairs of hexadecimal digits: 02:00:00:00:00:01");
  }
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

/** A link-layer address as the kernel's tools write it; empty for none. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function notAnAddress(text: string, tried: string, form: string): KernelError {
  return kernelErrorFromErrno(tried, constants.errno.EINVAL, {
    kernelSaid: `${JSON.stringify(text)} is not an address`,
    remedy: `write it as ${form}`,
  });
}
