import { NetlinkMessage } from "../netlink/message.ts";
import { AF_UNSPEC } from "../route/rtnetlink.ts";

/** linux/rtnetlink.h. */
export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTCLASS = 40;
export const RTM_DELTCLASS = 41;
export const RTM_GETTCLASS = 42;
export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;
export const TC_H_ROOT = 0xffffffff;
/** Bytes of struct tcmsg; its handle, parent and info are at 8, 12 and 16. */
export const TCMSG = 20;

/** A request about a queue or class of the interface with the index. */
export function tcMessage(type: number, flags: number, index: number, handle: number, parent: number): NetlinkMessage {
  return new NetlinkMessage(type, flags).u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(handle).u32(parent).u32(0);
}

/** A queue's number and a class's within it, as the kernel joins them: `4d4e:7`. */
export function tcHandle(major: number, minor: number): number {
  return ((major << 16) | minor) >>> 0;
}
