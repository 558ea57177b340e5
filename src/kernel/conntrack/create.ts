import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { NETLINK_NETFILTER, openNetlink } from "../netlink/socket.ts";
import {
  AF_INET,
  AF_UNSPEC,
  CT_DELETE,
  CT_GET_STATS,
  CT_NEW,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  NFNL_SUBSYS_CTNETLINK,
} from "./attributes.ts";
import { STATUS } from "./connection.ts";
import { writeTuple, type Tuple } from "./tuple.ts";

/** One send for so many: a tenth of the time of asking for each. */
const BATCH = 256;
const BUFFER_BYTES = 64 * 1024;

/**
 * Puts UDP connections into a namespace's table that no packet has made: assured, so that the kernel throws none out to
 * make room, and without translation. Those that are there already, or find no room, are left out without a word.
 */
export function createConnections(namespace: NamespaceName, tuples: Iterable<Tuple>, seconds: number): void {
  const netlink = openNetlink(namespace, NETLINK_NETFILTER);
  const buffer = new Uint8Array(BUFFER_BYTES);
  let [length, count] = [0, 0];
  try {
    for (const tuple of tuples) {
      // Sequence number 0: complaints about it are nobody's answer.
      const bytes = creation(tuple, seconds).finish(0, NLM_F_REQUEST);
      buffer.set(bytes, length);
      length += bytes.length;
      count += 1;
      if (count < BATCH) continue;
      send(netlink, buffer.subarray(0, length));
      [length, count] = [0, 0];
    }
    send(netlink, buffer.subarray(0, length));
  } finally {
    netlink.close();
  }
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

/** The last message asks for next to nothing: its answer says that the others are done. */
function send(netlink: NetlinkConnection, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  netlink.requestLast(bytes, nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET_STATS, AF_UNSPEC), "create connections");
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
