import type { KernelError } from "../error.ts";
import { isKernelError } from "../error.ts";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import type { MessageCursor } from "../netlink/cursor.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { AF_UNSPEC } from "./rtnetlink.ts";

const RTM_GETLINK = 18;

/** linux/if_link.h. */
export const IFLA_IFNAME = 3;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;
export const IFLA_EXT_MASK = 29;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
/** Without counters the answer is a third as long. */
export const RTEXT_FILTER_SKIP_STATS = 8;

/** Writes struct ifinfomsg. */
export function ifinfomsg(message: NetlinkMessage, index: number, flags: number, change: number): NetlinkMessage {
  return message.u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(change);
}

/** The index of the interface, or throws `kernel-not-found`. */
export function findInterface(connection: NetlinkConnection, name: string): number {
  const request = ifinfomsg(new NetlinkMessage(RTM_GETLINK), 0, 0, 0)
    .text(IFLA_IFNAME, name)
    .attribute(IFLA_EXT_MASK, (mask) => mask.u32(RTEXT_FILTER_SKIP_STATS));
  let index = 0;
  requestLink(connection, request, name, `find interface ${name}`, (reply) => {
    index = reply.i32(4);
  });
  return index;
}

/** A request about one interface: "not found" then means the interface, and the remedy can say so. */
export function requestLink(
  connection: NetlinkConnection,
  message: NetlinkMessage,
  name: string,
  tried: string,
  visit?: (reply: MessageCursor) => void,
): void {
  try {
    connection.request(message, tried, visit);
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) throw noInterface(error, name);
    throw error;
  }
}

function noInterface(error: KernelError, name: string): KernelError {
  return kernelErrorFromErrno(error.tried, error.errno, {
    kernelSaid: error.kernelSaid,
    remedy: `there is no interface ${name} in this namespace: \`ip link\` shows those there are`,
  });
}
