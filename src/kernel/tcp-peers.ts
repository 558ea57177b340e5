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
/** Bit of idiag_states: TCP_ESTABLISHED. */
const ESTABLISHED = 1 << 1;
/** struct inet_diag_sockid of linux/inet_diag.h; in an answer it begins after four bytes. */
const SOCKET_ID = 48;
const PORT_AT = 4;
const LOCAL_AT = 8;
const PEER_AT = 24;
/** ::ffff:0:0/96: IPv4 behind an IPv6 socket. */
const MAPPED = 0xffff;

/** An established TCP connection of a socket here, by its IPv4 addresses. */
export interface TcpPeer {
  readonly local: string;
  readonly localPort: number;
  readonly peer: string;
}

/** The established TCP connections over IPv4 to one of the ports of the namespace. Needs no right. */
export function listTcpPeers(namespace: NamespaceName, ports: ReadonlySet<number>): TcpPeer[] {
  return withNetlink(namespace, NETLINK_SOCK_DIAG, (connection) => {
    const found: TcpPeer[] = [];
    for (const family of [AF_INET, AF_INET6]) {
      const request = new NetlinkMessage(SOCK_DIAG_BY_FAMILY)
        .u8(family)
        .u8(IPPROTO_TCP)
        .u16(0)
        .u32(ESTABLISHED)
        .bytes(new Uint8Array(SOCKET_ID));
      connection.dump(request, "list connected sockets", (reply) => {
        const localPort = reply.u8(PORT_AT) * 256 + reply.u8(PORT_AT + 1);
        const local = addressAt(reply, LOCAL_AT, family);
        const peer = addressAt(reply, PEER_AT, family);
        if (ports.has(localPort) && local !== undefined && peer !== undefined) found.push({ local, localPort, peer });
      });
    }
    return found;
  });
}

function addressAt(reply: MessageCursor, offset: number, family: number): string | undefined {
  const words = [0, 1, 2, 3].map((word) => wordAt(reply, offset + word * 4));
  if (family === AF_INET) return formatIpv4(words[0] ?? 0);
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED ? formatIpv4(words[3] ?? 0) : undefined;
}

function wordAt(reply: MessageCursor, offset: number): number {
  return [0, 1, 2, 3].reduce((word, byte) => word * 256 + reply.u8(offset + byte), 0);
}
