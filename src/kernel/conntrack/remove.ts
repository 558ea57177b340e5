import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { align, ATTRIBUTE_HEADER } from "../netlink/header.ts";
import type { NetlinkMessage } from "../netlink/message.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { NETLINK_NETFILTER, openNetlink } from "../netlink/socket.ts";
import {
  AF_INET,
  CT_DELETE,
  CTA_ID,
  CTA_MARK,
  CTA_MARK_MASK,
  CTA_TUPLE_ORIG,
  CTA_ZONE,
  NFNL_SUBSYS_CTNETLINK,
} from "./attributes.ts";
import { withConntrack } from "./ctnetlink.ts";
import { sendInBatches } from "./batch.ts";
import type { ConnectionEntry } from "./entry.ts";
import { tupleFamily, writeTuple, type Tuple } from "./tuple.ts";

/** Takes connections out of a namespace's table, over a socket of its own. */
export class ConnectionRemover {
  readonly #netlink: NetlinkConnection;

  constructor(namespace: NamespaceName) {
    this.#netlink = openNetlink(namespace, NETLINK_NETFILTER);
  }

  /**
   * Removes the entry by tuple, zone and id, all as the kernel sent them. False: it was gone already; a new connection
   * that has taken its place stays, because its id is another.
   */
  remove(entry: ConnectionEntry): boolean {
    const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_DELETE, entry.family);
    for (const type of [CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID]) {
      if (!entry.has(type)) continue;
      const start = entry.at(type) - ATTRIBUTE_HEADER;
      message.bytes(entry.buffer.bytes.subarray(start, start + align(entry.end(type) - start)));
    }
    try {
      this.#netlink.request(message, "remove a connection");
      return true;
    } catch (error) {
      if (isKernelError(error, "kernel-not-found")) return false;
      throw error;
    }
  }

  close(): void {
    this.#netlink.close();
  }
}

/** Removes the connections of the tuples, as their first packets carried them; those that are not there do not matter. */
export function removeConnections(namespace: NamespaceName, tuples: Iterable<Tuple>): void {
  const messages = function* (): Generator<NetlinkMessage> {
    for (const tuple of tuples) {
      const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_DELETE, tupleFamily(tuple));
      yield writeTuple(message, CTA_TUPLE_ORIG, tuple);
    }
  };
  sendInBatches(namespace, messages(), "remove connections");
}

/**
 * Removes every IPv4 connection whose mark, under the mask, is this one: one request, and the kernel goes through its
 * whole table.
 */
export function removeMarkedConnections(namespace: NamespaceName, mark: number, mask: number): void {
  const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_DELETE, AF_INET)
    .attribute(CTA_MARK, (value) => value.u32be(mark))
    .attribute(CTA_MARK_MASK, (value) => value.u32be(mask));
  withConntrack(namespace, (connection) => connection.request(message, "remove the connections of a mark"));
}
