import { readU64s } from "./counters/u64.ts";
import type { NamespaceName } from "./namespace.ts";
import type { NetlinkConnection } from "./netlink/connection.ts";
import type { AttributeCursor } from "./netlink/cursor.ts";
import { findGenericFamily, genericMessage, GENLMSGHDR, NETLINK_GENERIC } from "./netlink/generic.ts";
import { withNetlink } from "./netlink/socket.ts";
import { readList } from "./route/rtnetlink.ts";

/* include/uapi/linux/netdev.h */
const NETDEV_CMD_DEV_GET = 1;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;
const NETDEV_XDP_ACT_BASIC = 1;
const NETDEV_XDP_ACT_REDIRECT = 2;
const NETDEV_XDP_ACT_NDO_XMIT = 4;

/** What an interface's driver can do with XDP as it is set up now. */
export interface XdpFeatures {
  /** Runs a program in the driver. */
  readonly runs: boolean;
  /** Hands a frame to another interface. */
  readonly redirects: boolean;
  /** Sends frames that were handed to it. */
  readonly transmits: boolean;
}

/** By index of the interface; undefined before Linux 6.3, which does not tell. */
export function readXdpFeatures(namespace: NamespaceName): Map<number, XdpFeatures> | undefined {
  return withNetlink(namespace, NETLINK_GENERIC, askXdpFeatures);
}

/** As `readXdpFeatures`, over a connection that is open already. */
export function askXdpFeatures(connection: NetlinkConnection): Map<number, XdpFeatures> | undefined {
  const family = findGenericFamily(connection, "netdev");
  if (family === undefined) return undefined;
  const request = genericMessage(family, NETDEV_CMD_DEV_GET);
  const list = readList(connection, request, "read what interfaces can do with XDP", (reply, attributes) =>
    decode(attributes.inMessage(reply, GENLMSGHDR)),
  );
  return new Map(list);
}

function decode(attributes: AttributeCursor): readonly [number, XdpFeatures] | undefined {
  let index = 0;
  let bits = 0;
  while (attributes.next()) {
    if (attributes.type === NETDEV_A_DEV_IFINDEX) index = attributes.u32();
    else if (attributes.type === NETDEV_A_DEV_XDP_FEATURES) bits = readU64s(attributes.copy())[0] ?? 0;
  }
  const has = (bit: number): boolean => (bits & bit) !== 0;
  return [
    index,
    {
      runs: has(NETDEV_XDP_ACT_BASIC),
      redirects: has(NETDEV_XDP_ACT_REDIRECT),
      transmits: has(NETDEV_XDP_ACT_NDO_XMIT),
    },
  ];
}
