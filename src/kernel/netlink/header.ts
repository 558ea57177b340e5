import { endianness } from "node:os";
import { KernelError } from "../error.ts";

/** Netlink speaks the host's byte order; attributes of nfnetlink are big-endian and say so in their accessor. */
export const HOST_LITTLE_ENDIAN = endianness() === "LE";

/** Bytes of struct nlmsghdr. */
export const MESSAGE_HEADER = 16;
/** Bytes of struct nlattr. */
export const ATTRIBUTE_HEADER = 4;

/** Values of nlmsg_type that every family shares. */
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

/** nlmsg_flags (include/uapi/linux/netlink.h). */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_ROOT = 0x100;
export const NLM_F_MATCH = 0x200;
export const NLM_F_DUMP = NLM_F_ROOT | NLM_F_MATCH;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** In NLMSG_ERROR: the request is not repeated in full; attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

/** Bits of nla_type that are not part of the type. */
export const NLA_F_NESTED = 0x8000;
export const NLA_TYPE_MASK = 0x3fff;

/** Rounds up to netlink's alignment of four bytes. */
export function align(length: number): number {
  return (length + 3) & ~3;
}

/** The only error that decoding throws, code `kernel-malformed`. */
export function malformed(what: string): KernelError {
  return new KernelError("kernel-malformed", what, {
    tried: "read the kernel's answer",
    errno: 0,
    remedy: "this is a defect: report it with the kernel's release (`uname -r`)",
  });
}
