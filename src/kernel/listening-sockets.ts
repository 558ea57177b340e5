import { formatIpv4 } from "../address/ipv4.ts";
import type { NamespaceName } from "./namespace.ts";
import type { MessageCursor } from "./netlink/cursor.ts";
import { NetlinkMessage } from "./netlink/message.ts";
import { withNetlink } from "./netlink/socket.ts";

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
/** Bits of idiag_states: TCP_LISTEN, and TCP_CLOSE, which is what a UDP socket without a peer is in. */
const LISTENING: Readonly<Record<number, number>> = { [IPPROTO_TCP]: 1 << 10, [IPPROTO_UDP]: 1 << 7 };
/** struct inet_diag_sockid of linux/inet_diag.h; in an answer it begins after four bytes. */
const SOCKET_ID = 48;
const PORT_AT = 4;
const ADDRESS_AT = 8;
/** ::ffff:0:0/96, as words of the network's order: IPv4 behind an IPv6 socket. */
const MAPPED = 0xffff;

/** A socket that takes what comes to its port, whoever it comes from. */
export interface ListeningSocket {
  /** 6 TCP, 17 UDP. */
  readonly protocol: number;
  /** Of IPv4; undefined: any address of the namespace. */
  readonly address?: string;
  readonly port: number;
}

/** The sockets of the namespace that IPv4 packets from anybody reach, IPv6 ones that take them included. Needs no right. */
export function listListeningSockets(namespace: NamespaceName): ListeningSocket[] {
  return withNetlink(namespace, NETLINK_SOCK_DIAG, (connection) => {
    const found: ListeningSocket[] = [];
    for (const protocol of [IPPROTO_TCP, IPPROTO_UDP]) {
      for (const family of [AF_INET, AF_INET6]) {
        const request = new NetlinkMessage(SOCK_DIAG_BY_FAMILY)
          .u8(family)
          .u8(protocol)
          .u16(0)
          .u32(LISTENING[protocol] ?? 0)
          .bytes(new Uint8Array(SOCKET_ID));
        connection.dump(request, "list listening sockets", (reply) => {
          const socket = socketOf(reply, family, protocol);
          if (socket !== undefined) found.push(socket);
        });
      }
    }
    return found;
  });
}

function socketOf(reply: MessageCursor, family: number, protocol: number): ListeningSocket | undefined {
  const port = reply.u8(PORT_AT) * 256 + reply.u8(PORT_AT + 1);
  const words = [0, 1, 2, 3].map((word) => wordAt(reply, ADDRESS_AT + word * 4));
  // Of IPv6 sockets only those bound to everything take IPv4, or those bound to an address within it.
  const isAny = words.every((word) => word === 0);
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
  if (family === AF_INET6 && !isAny && !isMapped) return undefined;
  const address = (family === AF_INET ? words[0] : words[3]) ?? 0;
  return { protocol, port, ...(address === 0 ? {} : { address: formatIpv4(address) }) };
}

function wordAt(reply: MessageCursor, offset: number): number {
  const bytes = [0, 1, 2, 3].map((byte) => reply.u8(offset + byte));
  return bytes.reduce((word, byte) => word * 256 + byte, 0);
}
