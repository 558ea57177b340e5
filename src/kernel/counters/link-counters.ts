import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { AF_UNSPEC, readList, withRoute } from "../route/rtnetlink.ts";
import { readU64s } from "./u64.ts";

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
/** Bytes of struct ifinfomsg. */
const IFINFOMSG = 16;
const IFLA_IFNAME = 3;
const IFLA_STATS64 = 23;

/** struct rtnl_link_stats64, in its order; older kernels end earlier. */
const FIELDS = [
  "rxPackets",
  "txPackets",
  "rxBytes",
  "txBytes",
  "rxErrors",
  "txErrors",
  "rxDropped",
  "txDropped",
  "multicast",
  "collisions",
  "rxLengthErrors",
  "rxOverErrors",
  "rxCrcErrors",
  "rxFrameErrors",
  "rxFifoErrors",
  "rxMissedErrors",
  "txAbortedErrors",
  "txCarrierErrors",
  "txFifoErrors",
  "txHeartbeatErrors",
  "txWindowErrors",
  "rxCompressed",
  "txCompressed",
  "rxNoHandler",
  "rxOtherHostDropped",
] as const;

/** The name of a counter of an interface, as struct rtnl_link_stats64 has it. */
export type LinkCounter = (typeof FIELDS)[number];

/** What an interface has counted since it was made, in 64 bits. */
export interface LinkCounters {
  readonly index: number;
  readonly name: string;
  readonly counters: Readonly<Partial<Record<LinkCounter, number>>>;
}

/** The counters of all interfaces of the namespace; anyone may read them. */
export function readLinkCounters(namespace: NamespaceName): LinkCounters[] {
  return withRoute(namespace, askLinkCounters);
}

/** As `readLinkCounters`, over a connection that is open already. */
export function askLinkCounters(connection: NetlinkConnection): LinkCounters[] {
  const request = new NetlinkMessage(RTM_GETLINK).u8(AF_UNSPEC).u8(0).u16(0).u32(0).u32(0).u32(0);
  return readList(connection, request, "read interface counters", (reply, attributes) => {
    if (reply.type !== RTM_NEWLINK) return undefined;
    let name = "";
    let values: number[] = [];
    attributes.inMessage(reply, IFINFOMSG);
    while (attributes.next()) {
      if (attributes.type === IFLA_IFNAME) name = attributes.text();
      else if (attributes.type === IFLA_STATS64) values = readU64s(attributes.copy());
    }
    const counters: Partial<Record<LinkCounter, number>> = {};
    for (const [index, field] of FIELDS.entries()) {
      const value = values[index];
      if (value !== undefined) counters[field] = value;
    }
    return { index: reply.i32(4), name, counters };
  });
}
