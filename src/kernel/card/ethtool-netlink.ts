import { constants } from "node:os";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { findGenericFamily, genericMessage, GENLMSGHDR, NETLINK_GENERIC } from "../netlink/generic.ts";
import type { NetlinkMessage } from "../netlink/message.ts";
import { withNetlink } from "../netlink/socket.ts";

/* include/uapi/linux/ethtool_netlink.h */
const HEADER = 1;
const HEADER_DEV_NAME = 2;
const HEADER_FLAGS = 3;
const FLAG_OMIT_REPLY = 2;

/** One kind of thing that ethtool's netlink family tells as numbers: its commands, and the attributes by our names. */
export interface EthtoolTable<NAME extends string> {
  readonly what: string;
  readonly get: number;
  readonly set: number;
  readonly attributes: Readonly<Record<NAME, number>>;
  /** Those that are bytes; the others have 32 bits. */
  readonly bytes?: readonly NAME[];
}

/** Sizes of the rings, in packets. */
export const RINGS: EthtoolTable<"rxMax" | "txMax" | "rx" | "tx"> = {
  what: "ring sizes",
  get: 15,
  set: 16,
  attributes: { rxMax: 2, txMax: 5, rx: 6, tx: 9 },
};

/** Numbers of queues. */
export const CHANNELS: EthtoolTable<"rxMax" | "txMax" | "combinedMax" | "rx" | "tx" | "combined"> = {
  what: "number of queues",
  get: 17,
  set: 18,
  attributes: { rxMax: 2, txMax: 3, combinedMax: 5, rx: 6, tx: 7, combined: 9 },
};

/** How long the card waits before it interrupts: microseconds, and whether it chooses them itself (0 or 1). */
export const COALESCING: EthtoolTable<"rxUsecs" | "txUsecs" | "adaptiveRx" | "adaptiveTx"> = {
  what: "coalescing",
  get: 19,
  set: 20,
  attributes: { rxUsecs: 2, txUsecs: 6, adaptiveRx: 11, adaptiveTx: 12 },
  bytes: ["adaptiveRx", "adaptiveTx"],
};

/** What the driver says of the thing; what it does not have is absent. Throws `kernel-not-supported` if it has none. */
export function readEthtool<NAME extends string>(
  namespace: NamespaceName,
  device: string,
  table: EthtoolTable<NAME>,
): Partial<Record<NAME, number>> {
  const found: Partial<Record<NAME, number>> = {};
  const names = new Map(Object.entries<number>(table.attributes).map(([name, type]) => [type, name as NAME]));
  askEthtool(namespace, device, table.get, `read the ${table.what} of ${device}`, (attributes) => {
    const name = names.get(attributes.type);
    if (name !== undefined) found[name] = table.bytes?.includes(name) === true ? attributes.u8() : attributes.u32();
  });
  return found;
}

/** Sets what is given, all at once; the rest stays. */
export function writeEthtool<NAME extends string>(
  namespace: NamespaceName,
  device: string,
  table: EthtoolTable<NAME>,
  values: Partial<Record<NAME, number>>,
): void {
  tellEthtool(namespace, device, table.set, `set the ${table.what} of ${device}`, (message) => {
    for (const [name, value] of Object.entries(values) as [NAME, number][]) {
      const asByte = table.bytes?.includes(name) === true;
      message.attribute(table.attributes[name], (one) => (asByte ? one.u8(value) : one.u32(value)));
    }
  });
}

/** Asks, and shows each attribute of the answer. */
export function askEthtool(
  namespace: NamespaceName,
  device: string,
  command: number,
  tried: string,
  visit: (attributes: AttributeCursor, connection: NetlinkConnection) => void,
): void {
  withFamily(namespace, tried, (connection, family) => {
    const attributes = new AttributeCursor(connection.buffer);
    const request = genericMessage(family, command).nested(HEADER, (header) => header.text(HEADER_DEV_NAME, device));
    connection.request(request, tried, (reply) => {
      attributes.inMessage(reply, GENLMSGHDR);
      while (attributes.next()) visit(attributes, connection);
    });
  });
}

/** Sends what `fill` adds to a command. */
export function tellEthtool(
  namespace: NamespaceName,
  device: string,
  command: number,
  tried: string,
  fill: (message: NetlinkMessage) => void,
): void {
  withFamily(namespace, tried, (connection, family) => {
    const message = genericMessage(family, command).nested(HEADER, (header) =>
      header.text(HEADER_DEV_NAME, device).attribute(HEADER_FLAGS, (flags) => flags.u32(FLAG_OMIT_REPLY)),
    );
    fill(message);
    connection.request(message, tried);
  });
}

function withFamily(
  namespace: NamespaceName,
  tried: string,
  run: (connection: NetlinkConnection, family: number) => void,
): void {
  withNetlink(namespace, NETLINK_GENERIC, (connection) => {
    const family = findGenericFamily(connection, "ethtool");
    if (family === undefined) {
      throw kernelErrorFromErrno(tried, constants.errno.EOPNOTSUPP, {
        kernelSaid: "no ethtool by netlink: Linux 5.6 has it",
      });
    }
    run(connection, family);
  });
}
