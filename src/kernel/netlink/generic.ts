import { isKernelError } from "../error.ts";
import type { NetlinkConnection } from "./connection.ts";
import { AttributeCursor } from "./cursor.ts";
import { NetlinkMessage } from "./message.ts";

/** The netlink family that carries many small ones, each found by its name. */
export const NETLINK_GENERIC = 16;
/** Bytes of struct genlmsghdr: command, version, two reserved. */
export const GENLMSGHDR = 4;

const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

/** The number the kernel has given the family, or undefined if it has none of that name. */
export function findGenericFamily(connection: NetlinkConnection, name: string): number | undefined {
  const request = genericMessage(GENL_ID_CTRL, CTRL_CMD_GETFAMILY).text(CTRL_ATTR_FAMILY_NAME, name);
  const attributes = new AttributeCursor(connection.buffer);
  let family: number | undefined;
  try {
    connection.request(request, `find the netlink family ${name}`, (reply) => {
      attributes.inMessage(reply, GENLMSGHDR);
      while (attributes.next()) if (attributes.type === CTRL_ATTR_FAMILY_ID) family = attributes.u16();
    });
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return undefined;
    throw error;
  }
  return family;
}

/** Begins a request to a family. */
export function genericMessage(family: number, command: number): NetlinkMessage {
  return new NetlinkMessage(family).u8(command).u8(1).u16(0);
}
