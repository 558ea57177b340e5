import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NLM_F_REQUEST } from "../netlink/header.ts";
import type { NetlinkMessage } from "../netlink/message.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { NETLINK_NETFILTER, openNetlink } from "../netlink/socket.ts";
import { AF_UNSPEC, CT_GET_STATS, NFNL_SUBSYS_CTNETLINK } from "./attributes.ts";

/** One send for so many: a tenth of the time of asking for each. */
const BATCH = 256;
const BUFFER_BYTES = 64 * 1024;

/** Sends messages to a namespace's table, many at once. What the kernel will not do of them is left out without a word. */
export function sendInBatches(namespace: NamespaceName, messages: Iterable<NetlinkMessage>, tried: string): void {
  const netlink = openNetlink(namespace, NETLINK_NETFILTER);
  const buffer = new Uint8Array(BUFFER_BYTES);
  let [length, count] = [0, 0];
  try {
    for (const message of messages) {
      // Sequence number 0: complaints about it are nobody's answer.
      const bytes = message.finish(0, NLM_F_REQUEST);
      buffer.set(bytes, length);
      length += bytes.length;
      count += 1;
      if (count < BATCH) continue;
      send(netlink, buffer.subarray(0, length), tried);
      [length, count] = [0, 0];
    }
    send(netlink, buffer.subarray(0, length), tried);
  } finally {
    netlink.close();
  }
}

/** The last message asks for next to nothing: its answer says that the others are done. */
function send(netlink: NetlinkConnection, bytes: Uint8Array, tried: string): void {
  if (bytes.length === 0) return;
  netlink.requestLast(bytes, nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET_STATS, AF_UNSPEC), tried);
}
