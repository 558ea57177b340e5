import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { AF_UNSPEC, readList, withRoute } from "./rtnetlink.ts";

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
/** Bytes of struct ifinfomsg. */
const IFINFOMSG = 16;
const IFLA_XDP = 43;
const IFLA_XDP_ATTACHED = 2;
/** linux/if_arp.h */
const ARPHRD_ETHER = 1;

/** What hardware an interface is for the network stack, beside what `listLinks` tells. */
export interface Device {
  readonly index: number;
  /** Carries Ethernet frames. */
  readonly ethernet: boolean;
  /** An XDP program is on it, in the driver or not. */
  readonly hasXdp: boolean;
}

/** All interfaces of the namespace, by index. */
export function listDevices(namespace: NamespaceName): Map<number, Device> {
  return withRoute(namespace, readDevices);
}

/** As `listDevices`, over a connection that is open already. */
export function readDevices(connection: NetlinkConnection): Map<number, Device> {
  const nested = new AttributeCursor(connection.buffer);
  const request = new NetlinkMessage(RTM_GETLINK).u8(AF_UNSPEC).u8(0).u16(0).u32(0).u32(0).u32(0);
  const list = readList(connection, request, "list interfaces", (reply, attributes): Device | undefined => {
    if (reply.type !== RTM_NEWLINK) return undefined;
    let hasXdp = false;
    attributes.inMessage(reply, IFINFOMSG);
    while (attributes.next()) {
      if (attributes.type !== IFLA_XDP) continue;
      nested.inAttribute(attributes);
      while (nested.next()) if (nested.type === IFLA_XDP_ATTACHED) hasXdp = nested.u8() !== 0;
    }
    return { index: reply.i32(4), ethernet: reply.u16(2) === ARPHRD_ETHER, hasXdp };
  });
  return new Map(list.map((device) => [device.index, device]));
}
