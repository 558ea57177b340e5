import type { NetlinkMessage } from "../netlink/message.ts";
import {
  AF_INET,
  AF_UNSPEC,
  CTA_FILTER,
  CTA_FILTER_ORIG_FLAGS,
  CTA_FILTER_REPLY_FLAGS,
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_MARK,
  CTA_MARK_MASK,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_STATUS,
  CTA_STATUS_MASK,
  CTA_TUPLE_IP,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  CTA_ZONE,
} from "./attributes.ts";

/** Bits of CTA_FILTER_ORIG_FLAGS: which fields of the tuple count (include/net/netfilter/nf_conntrack.h). */
const F_IP_SOURCE = 1 << 0;
const F_IP_DESTINATION = 1 << 1;
const F_PROTOCOL = 1 << 3;
const F_SOURCE_PORT = 1 << 4;
const F_DESTINATION_PORT = 1 << 5;

/**
 * What the kernel is asked to leave out of a dump. A kernel that does not know a part of it sends more (tuples since
 * 5.8, status since 5.17, zone since 6.8): the reader must check again.
 */
export interface KernelFilter {
  /** 2 IPv4, 10 IPv6; 0 both. Without it, the original direction cannot be filtered. */
  readonly family: number;
  /** 4 or 16 bytes. */
  readonly originalSource?: Uint8Array;
  readonly originalDestination?: Uint8Array;
  /** Needed for ports. */
  readonly protocol?: number;
  readonly originalSourcePort?: number;
  readonly originalDestinationPort?: number;
  readonly mark?: { readonly value: number; readonly mask: number };
  readonly zone?: number;
  /** Bits that must be as in `value`, of those in `mask`. */
  readonly status?: { readonly value: number; readonly mask: number };
}

/** Writes the filter into a request for a dump. */
export function writeKernelFilter(message: NetlinkMessage, filter: KernelFilter): void {
  const { mark, status, zone } = filter;
  if (mark !== undefined) {
    message.attribute(CTA_MARK, (value) => value.u32be(mark.value));
    message.attribute(CTA_MARK_MASK, (value) => value.u32be(mark.mask));
  }
  if (status !== undefined && status.mask !== 0) {
    message.attribute(CTA_STATUS, (value) => value.u32be(status.value));
    message.attribute(CTA_STATUS_MASK, (value) => value.u32be(status.mask));
  }
  if (zone !== undefined) message.attribute(CTA_ZONE, (value) => value.u16be(zone));
  if (filter.family !== AF_UNSPEC) writeTupleFilter(message, filter);
}

function writeTupleFilter(message: NetlinkMessage, filter: KernelFilter): void {
  const { family, originalSource, originalDestination, protocol, originalSourcePort, originalDestinationPort } = filter;
  const ports = protocol !== undefined;
  const flags =
    (originalSource === undefined ? 0 : F_IP_SOURCE) |
    (originalDestination === undefined ? 0 : F_IP_DESTINATION) |
    (ports ? F_PROTOCOL : 0) |
    (ports && originalSourcePort !== undefined ? F_SOURCE_PORT : 0) |
    (ports && originalDestinationPort !== undefined ? F_DESTINATION_PORT : 0);
  if (flags === 0) return;
  message.nested(CTA_FILTER, (nest) =>
    nest
      .attribute(CTA_FILTER_ORIG_FLAGS, (value) => value.u32(flags))
      .attribute(CTA_FILTER_REPLY_FLAGS, (value) => value.u32(0)),
  );
  const v4 = family === AF_INET;
  message.nested(CTA_TUPLE_ORIG, (tuple) => {
    tuple.nested(CTA_TUPLE_IP, (ip) => {
      if (originalSource !== undefined) {
        ip.attribute(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, (value) => value.bytes(originalSource));
      }
      if (originalDestination !== undefined) {
        ip.attribute(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, (value) => value.bytes(originalDestination));
      }
    });
    if (protocol === undefined) return;
    tuple.nested(CTA_TUPLE_PROTO, (proto) => {
      proto.attribute(CTA_PROTO_NUM, (value) => value.u8(protocol));
      if (originalSourcePort !== undefined) {
        proto.attribute(CTA_PROTO_SRC_PORT, (value) => value.u16be(originalSourcePort));
      }
      if (originalDestinationPort !== undefined) {
        proto.attribute(CTA_PROTO_DST_PORT, (value) => value.u16be(originalDestinationPort));
      }
    });
  });
}
