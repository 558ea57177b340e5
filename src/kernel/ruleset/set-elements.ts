import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { nfnetlinkMessage, NFGENMSG, NFPROTO } from "../netlink/nfnetlink.ts";
import { NETLINK_NETFILTER, withNetlink } from "../netlink/socket.ts";

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETSETELEM = 13;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;

/**
 * How many elements a set or map has, counting no further than a few hundred beyond `limit`: nft cannot stop half-way,
 * and takes seconds for a large one. The ends of an interval count as two. 0 if there is no such set.
 */
export function countElements(
  namespace: NamespaceName,
  set: { readonly family: string; readonly table: string; readonly name: string },
  limit: number,
): number {
  const protocol = NFPROTO[set.family];
  if (protocol === undefined) throw new TypeError(`${set.family} is not a family of nftables`);
  // A connection for each: one whose dump was left half-way is good for nothing more.
  return withNetlink(namespace, NETLINK_NETFILTER, (connection) => {
    const outer = new AttributeCursor(connection.buffer);
    const inner = new AttributeCursor(connection.buffer);
    let count = 0;
    const message = nfnetlinkMessage(NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, protocol)
      .text(NFTA_SET_ELEM_LIST_TABLE, set.table)
      .text(NFTA_SET_ELEM_LIST_SET, set.name);
    try {
      connection.dump(
        message,
        `count the elements of ${set.family} ${set.table} ${set.name}`,
        (reply) => {
          outer.inMessage(reply, NFGENMSG);
          while (outer.next()) {
            if (outer.type !== NFTA_SET_ELEM_LIST_ELEMENTS) continue;
            inner.inAttribute(outer);
            while (inner.next()) count++;
          }
        },
        () => count <= limit,
      );
    } catch (error) {
      if (isKernelError(error, "kernel-not-found")) return 0;
      throw error;
    }
    return count;
  });
}
