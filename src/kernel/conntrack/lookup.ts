import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { CT_GET, CTA_TUPLE_ORIG, CTA_ZONE, NFNL_SUBSYS_CTNETLINK } from "./attributes.ts";
import type { Connection } from "./connection.ts";
import { withConntrack } from "./ctnetlink.ts";
import { decodeConnection } from "./decode-connection.ts";
import { ConnectionEntry } from "./entry.ts";
import { tupleFamily, writeTuple, type Tuple } from "./tuple.ts";

/** The connection to which a packet of the tuple belongs, of either direction, or undefined. A hash lookup, no walk. */
export function lookupConnection(namespace: NamespaceName, tuple: Tuple, zone = 0): Connection | undefined {
  return withConntrack(namespace, (connection) => askConnection(connection, tuple, zone));
}

/** As `lookupConnection`, over a connection to the kernel that is open already. */
export function askConnection(netlink: NetlinkConnection, tuple: Tuple, zone = 0): Connection | undefined {
  const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET, tupleFamily(tuple));
  writeTuple(message, CTA_TUPLE_ORIG, tuple);
  if (zone !== 0) message.attribute(CTA_ZONE, (value) => value.u16be(zone));
  const entry = new ConnectionEntry(netlink.buffer);
  let found: Connection | undefined;
  try {
    netlink.request(message, "look up a connection", (reply) => {
      found = decodeConnection(entry, reply.start, reply.end);
    });
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return undefined;
    throw error;
  }
  return found;
}
