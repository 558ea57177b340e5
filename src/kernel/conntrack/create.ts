import type { NamespaceName } from "../namespace.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { NETLINK_NETFILTER, openNetlink } from "../netlink/socket.ts";
import {
  AF_INET,
  AF_UNSPEC,
  CT_DELETE,
  CT_NEW,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  NFNL_SUBSYS_CTNETLINK,
} from "./attributes.ts";
import { sendInBatches } from "./batch.ts";
import { STATUS } from "./connection.ts";
import { writeTuple, type Tuple } from "./tuple.ts";

/**
 * Puts UDP connections into a namespace's table that no packet has made: assured, so that the kernel throws none out to
 * make room, and without translation. Those that are there already, or find no room, are left out without a word.
 */
export function createConnections(namespace: NamespaceName, tuples: Iterable<Tuple>, seconds: number): void {
  const messages = function* (): Generator<NetlinkMessage> {
    for (const tuple of tuples) yield creation(tuple, seconds);
  };
  sendInBatches(namespace, messages(), "create connections");
}

/** Takes every connection out of the namespace's table. */
export function flushConnections(namespace: NamespaceName): void {
  const netlink = openNetlink(namespace, NETLINK_NETFILTER);
  try {
    netlink.request(nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_DELETE, AF_UNSPEC), "remove all connections");
  } finally {
    netlink.close();
  }
}

function creation(tuple: Tuple, seconds: number): NetlinkMessage {
  const { source, destination, sourcePort, destinationPort } = tuple;
  const message = new NetlinkMessage((NFNL_SUBSYS_CTNETLINK << 8) | CT_NEW, NLM_F_CREATE | NLM_F_EXCL);
  message.u8(AF_INET).u8(0).u16be(0);
  writeTuple(message, CTA_TUPLE_ORIG, tuple);
  const reply = { source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort };
  writeTuple(message, CTA_TUPLE_REPLY, { ...tuple, ...reply });
  message.attribute(CTA_STATUS, (at) => at.u32be(STATUS.confirmed | STATUS.assured | STATUS.seenReply));
  return message.attribute(CTA_TIMEOUT, (at) => at.u32be(seconds));
}
