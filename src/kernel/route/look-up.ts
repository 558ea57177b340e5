import { formatIpv4 } from "../../address/ipv4.ts";
import { KernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor, type MessageCursor } from "../netlink/cursor.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { readInterfaceNames } from "./link.ts";
import { findInterface } from "./link-message.ts";
import { TYPES, type RouteType } from "./route.ts";
import { AF_INET, requireIpv4, withRoute } from "./rtnetlink.ts";

const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
/** Bytes of struct rtmsg. */
const RTMSG = 12;
const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_IIF = 3;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_TABLE = 15;
const RTA_MARK = 16;
const RTA_IP_PROTO = 27;
const RTA_SPORT = 28;
const RTA_DPORT = 29;
const RTAX_MTU = 2;
/** Name the table in which the route was found. */
const RTM_F_LOOKUP_TABLE = 0x1000;
/** Only these may be given with ports, and only by these does a policy rule ask for ports. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17]);

/** What of a packet decides its route. */
export interface RoutedPacket {
  readonly destination: string;
  readonly source?: string;
  /** The interface it came in by; absent: the host itself sends it. */
  readonly incoming?: string;
  /** Firewall mark; default 0. */
  readonly mark?: number;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** What the kernel would do with the packet. */
export interface FoundRoute {
  readonly type: RouteType;
  readonly table: number;
  /** By which it leaves; of packets for the host itself `lo`. */
  readonly interface?: string;
  /** Next hop, if it is not the destination itself. */
  readonly via?: string;
  /** The source a packet of the host's own would have. */
  readonly source?: string;
  /** Of the route, where it differs from the interface's. */
  readonly mtu?: number;
}

/**
 * Asks the kernel itself to route a packet: policy rules, marks, reverse path filter, several next hops. Throws a
 * KernelError whose `errno` says why not: EHOSTUNREACH or ENETUNREACH no route or forwarding off, EXDEV (before 6.6
 * EINVAL) reverse path filter, EINVAL blackhole or martian, EACCES prohibit.
 */
export function lookUpKernelRoute(namespace: NamespaceName, packet: RoutedPacket): FoundRoute {
  return withRoute(namespace, (connection) => askRoute(connection, packet));
}

/** As `lookUpKernelRoute`, over a connection that is open already. */
export function askRoute(connection: NetlinkConnection, packet: RoutedPacket): FoundRoute {
  const { incoming } = packet;
  const tried = `look up the route to ${packet.destination}${incoming === undefined ? "" : ` from ${incoming}`}`;
  const names = readInterfaceNames(connection);
  const index = incoming === undefined ? undefined : findInterface(connection, incoming);
  const message = request(packet, index, tried);
  const attributes = new AttributeCursor(connection.buffer);
  let found: FoundRoute | undefined;
  connection.request(message, tried, (reply) => {
    if (reply.type === RTM_NEWROUTE) found = decode(reply, attributes, names);
  });
  if (found !== undefined) return found;
  throw new KernelError("kernel-malformed", "the kernel named no route", {
    tried,
    errno: 0,
    remedy: "this is a defect: report it with the kernel's release (`uname -r`)",
  });
}

function request(packet: RoutedPacket, incoming: number | undefined, tried: string): NetlinkMessage {
  const { destination, source, mark = 0, protocol, sourcePort, destinationPort } = packet;
  const to = requireIpv4(destination, tried);
  const from = source === undefined ? undefined : requireIpv4(source, tried);
  const message = new NetlinkMessage(RTM_GETROUTE)
    .u8(AF_INET)
    .u8(32)
    .u8(from === undefined ? 0 : 32)
    .u8(0)
    .u8(0)
    .u8(0)
    .u8(0)
    .u8(0)
    .u32(RTM_F_LOOKUP_TABLE)
    .attribute(RTA_DST, (value) => value.u32be(to));
  if (from !== undefined) message.attribute(RTA_SRC, (value) => value.u32be(from));
  if (incoming !== undefined) message.attribute(RTA_IIF, (value) => value.u32(incoming));
  if (mark !== 0) message.attribute(RTA_MARK, (value) => value.u32(mark));
  if (protocol !== undefined && WITH_PORTS.has(protocol)) {
    message.attribute(RTA_IP_PROTO, (value) => value.u8(protocol));
    if (sourcePort !== undefined) message.attribute(RTA_SPORT, (value) => value.u16be(sourcePort));
    if (destinationPort !== undefined) message.attribute(RTA_DPORT, (value) => value.u16be(destinationPort));
  }
  return message;
}

function decode(
  reply: MessageCursor,
  attributes: AttributeCursor,
  names: ReadonlyMap<number, string>,
): FoundRoute | undefined {
  let table = reply.u8(4);
  const found: { interface?: string; via?: string; source?: string; mtu?: number } = {};
  const metrics = new AttributeCursor(attributes.bytes);
  attributes.inMessage(reply, RTMSG);
  while (attributes.next()) {
    if (attributes.type === RTA_TABLE) table = attributes.u32();
    else if (attributes.type === RTA_OIF) found.interface = names.get(attributes.u32()) ?? `index ${attributes.u32()}`;
    else if (attributes.type === RTA_GATEWAY) found.via = formatIpv4(attributes.u32be());
    else if (attributes.type === RTA_PREFSRC) found.source = formatIpv4(attributes.u32be());
    else if (attributes.type === RTA_METRICS) {
      metrics.inAttribute(attributes);
      while (metrics.next()) if (metrics.type === RTAX_MTU) found.mtu = metrics.u32();
    }
  }
  return { type: TYPES[reply.u8(7)] ?? "unspecified", table, ...found };
}
