import { isKernelError } from "./error.ts";
import type { NamespaceName } from "./namespace.ts";
import type { NetlinkConnection } from "./netlink/connection.ts";
import { AttributeCursor } from "./netlink/cursor.ts";
import { malformed } from "./netlink/header.ts";
import { nfnetlinkMessage, NFGENMSG, NFPROTO } from "./netlink/nfnetlink.ts";
import { NETLINK_NETFILTER, withNetlink } from "./netlink/socket.ts";

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETTABLE = 1;
const NFT_MSG_GETGEN = 16;
const NFTA_GEN_ID = 1;
const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_USERDATA = 6;
/** libnftnl's own encoding inside the user data: type, length, value. */
const UDATA_TABLE_COMMENT = 0;

/** The number of the namespace's ruleset: it goes up with every transaction, whoever makes it. */
export function readGeneration(namespace: NamespaceName): number {
  return withNetlink(namespace, NETLINK_NETFILTER, askGeneration);
}

/** The comment of a table, which `nft -j` 1.0.6 leaves out; undefined if there is no such table or no comment. */
export function readTableComment(namespace: NamespaceName, family: string, table: string): string | undefined {
  return withNetlink(namespace, NETLINK_NETFILTER, (connection) => askTableComment(connection, family, table));
}

/** As `readGeneration`, over a connection that is open already. */
export function askGeneration(connection: NetlinkConnection): number {
  const attributes = new AttributeCursor(connection.buffer);
  let generation: number | undefined;
  connection.request(
    nfnetlinkMessage(NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN, 0),
    "read the generation of the ruleset",
    (reply) => {
      attributes.inMessage(reply, NFGENMSG);
      while (attributes.next()) if (attributes.type === NFTA_GEN_ID) generation = attributes.u32be();
    },
  );
  if (generation === undefined) throw malformed("no generation in the answer");
  return generation;
}

/** As `readTableComment`, over a connection that is open already. */
export function askTableComment(connection: NetlinkConnection, family: string, table: string): string | undefined {
  const protocol = NFPROTO[family];
  if (protocol === undefined) throw new TypeError(`${family} is not a family of nftables`);
  const attributes = new AttributeCursor(connection.buffer);
  let comment: string | undefined;
  const message = nfnetlinkMessage(NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, protocol).text(NFTA_TABLE_NAME, table);
  try {
    connection.request(message, `read table ${family} ${table}`, (reply) => {
      attributes.inMessage(reply, NFGENMSG);
      while (attributes.next()) if (attributes.type === NFTA_TABLE_USERDATA) comment = commentIn(attributes.copy());
    });
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return undefined;
    throw error;
  }
  return comment;
}

/** The comment among the entries of a table's user data; whatever is cut off is not there. */
export function commentIn(userdata: Uint8Array): string | undefined {
  for (let at = 0; at + 2 <= userdata.length;) {
    const end = at + 2 + (userdata[at + 1] ?? 0);
    if (end > userdata.length) return undefined;
    if (userdata[at] === UDATA_TABLE_COMMENT) {
      return Buffer.from(userdata.subarray(at + 2, end))
        .toString("utf8")
        .replace(/\0.*$/s, "");
    }
    at = end;
  }
  return undefined;
}
