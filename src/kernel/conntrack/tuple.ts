import { isIPv6 } from "node:net";
import { parseIpv4 } from "../../address/ipv4.ts";
import type { NetlinkMessage } from "../netlink/message.ts";
import {
  AF_INET,
  AF_INET6,
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_ICMPV6_CODE,
  CTA_PROTO_ICMPV6_ID,
  CTA_PROTO_ICMPV6_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
} from "./attributes.ts";

/** One direction of a connection, as a packet of that direction carries it. */
export interface Tuple {
  readonly source: string;
  readonly destination: string;
  /** IANA number: 1 ICMP, 6 TCP, 17 UDP. */
  readonly protocol: number;
  /** Port, GRE key, or for ICMP the identifier; 0 for protocols without. */
  readonly sourcePort: number;
  /** Port or GRE key; for ICMP the type times 256 plus the code. */
  readonly destinationPort: number;
}

/** The address family of a tuple, AF_INET or AF_INET6. */
export function tupleFamily(tuple: Tuple): number {
  return isIPv6(tuple.source) ? AF_INET6 : AF_INET;
}

/** Writes the tuple under the attribute `type`; throws a TypeError for what is no address. */
export function writeTuple(message: NetlinkMessage, type: number, tuple: Tuple): NetlinkMessage {
  return message.nested(type, (outer) =>
    outer
      .nested(CTA_TUPLE_IP, (ip) => {
        if (tupleFamily(tuple) === AF_INET6) {
          ip.attribute(CTA_IP_V6_SRC, (value) => value.bytes(ipv6Bytes(tuple.source)));
          ip.attribute(CTA_IP_V6_DST, (value) => value.bytes(ipv6Bytes(tuple.destination)));
        } else {
          ip.attribute(CTA_IP_V4_SRC, (value) => value.u32be(ipv4Number(tuple.source)));
          ip.attribute(CTA_IP_V4_DST, (value) => value.u32be(ipv4Number(tuple.destination)));
        }
      })
      .nested(CTA_TUPLE_PROTO, (proto) => writeProtocol(proto, tuple)),
  );
}

function writeProtocol(message: NetlinkMessage, tuple: Tuple): void {
  const { protocol, sourcePort, destinationPort } = tuple;
  message.attribute(CTA_PROTO_NUM, (value) => value.u8(protocol));
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    const v6 = protocol === IPPROTO_ICMPV6;
    message.attribute(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, (value) => value.u16be(sourcePort));
    message.attribute(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, (value) => value.u8(destinationPort >> 8));
    message.attribute(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, (value) => value.u8(destinationPort & 255));
    return;
  }
  message.attribute(CTA_PROTO_SRC_PORT, (value) => value.u16be(sourcePort));
  message.attribute(CTA_PROTO_DST_PORT, (value) => value.u16be(destinationPort));
}

function ipv4Number(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new TypeError(`${JSON.stringify(text)} is not an address`);
  return address;
}

/** The sixteen bytes of an IPv6 address that node:net has found valid; without a zone. */
export function ipv6Bytes(text: string): Uint8Array {
  if (!isIPv6(text) || text.includes("%")) throw new TypeError(`${JSON.stringify(text)} is not an address`);
  // The URL parser writes an embedded IPv4 address as two groups.
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

/** RFC 5952 text of the sixteen bytes at `offset`. */
export function formatIpv6(bytes: Uint8Array, offset: number): string {
  const parts: string[] = [];
  for (let i = 0; i < 16; i += 2)
    parts.push((((bytes[offset + i] ?? 0) << 8) | (bytes[offset + i + 1] ?? 0)).toString(16));
  return new URL(`http://[${parts.join(":")}]`).hostname.slice(1, -1);
}
