import { formatIpv4 } from "../../address/ipv4.ts";
import { ATTRIBUTE_HEADER, HOST_LITTLE_ENDIAN, NLA_F_NESTED, NLA_TYPE_MASK } from "../netlink/header.ts";
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
  CTA_TUPLE_ZONE,
} from "./attributes.ts";
import type { EntryBuffer } from "./entry-buffer.ts";
import { formatIpv6, type Tuple } from "./tuple.ts";

/** Bytes of the attributes in a tuple of IPv4 addresses and ports, as every kernel since 2.6 sends them. */
const IPV4_PORTS_LENGTH = 48;
/** Its attribute headers, as words of the host's order: nearly all tuples have them, and need no walk. */
const IP_NEST = attributeHeader(20, CTA_TUPLE_IP | NLA_F_NESTED);
const IP_SOURCE = attributeHeader(8, CTA_IP_V4_SRC);
const IP_DESTINATION = attributeHeader(8, CTA_IP_V4_DST);
const PROTO_NEST = attributeHeader(28, CTA_TUPLE_PROTO | NLA_F_NESTED);
const PROTO_NUMBER = attributeHeader(5, CTA_PROTO_NUM);
const PROTO_SOURCE = attributeHeader(6, CTA_PROTO_SRC_PORT);
const PROTO_DESTINATION = attributeHeader(6, CTA_PROTO_DST_PORT);

/** Least payload bytes of the fields in CTA_TUPLE_PROTO, by type. */
const PROTO_BYTES = [0, 1, 2, 2, 2, 1, 1, 2, 1, 1];

/** A tuple read in place: numbers for the hot path, offsets of what is longer. Filled anew for each entry. */
export class EntryTuple {
  readonly #buffer: EntryBuffer;
  /** AF_INET, AF_INET6, or 0 if there is no address. */
  family = 0;
  /** IPv4 in host order; 0 for IPv6. */
  source = 0;
  destination = 0;
  /** Where the address begins in the buffer: 4 or 16 bytes; 0 if it is not there. */
  sourceAt = 0;
  destinationAt = 0;
  protocol = 0;
  /** Port, GRE key, or for ICMP the identifier. */
  sourcePort = 0;
  /** Port or GRE key; for ICMP the type times 256 plus the code. */
  destinationPort = 0;
  /** The zone of this direction alone; -1 if there is none. */
  zone = -1;
  /** Attributes of types we do not know. */
  unknown = 0;

  constructor(buffer: EntryBuffer) {
    this.#buffer = buffer;
  }

  /** Reads the attributes between two offsets; false if they are malformed. */
  read(start: number, end: number): boolean {
    const { words, bytes } = this.#buffer;
    const word = start >>> 2;
    if (
      end - start === IPV4_PORTS_LENGTH &&
      words[word] === IP_NEST &&
      words[word + 1] === IP_SOURCE &&
      words[word + 3] === IP_DESTINATION &&
      words[word + 5] === PROTO_NEST &&
      words[word + 6] === PROTO_NUMBER &&
      words[word + 8] === PROTO_SOURCE &&
      words[word + 10] === PROTO_DESTINATION
    ) {
      this.family = AF_INET;
      this.sourceAt = start + 8;
      this.destinationAt = start + 16;
      this.source = this.#buffer.u32(start + 8);
      this.destination = this.#buffer.u32(start + 16);
      this.protocol = bytes[start + 28] ?? 0;
      this.sourcePort = this.#buffer.u16(start + 36);
      this.destinationPort = this.#buffer.u16(start + 44);
      this.zone = -1;
      this.unknown = 0;
      return true;
    }
    return this.#readAny(start, end);
  }

  /** As an object for the edges of the program. */
  tuple(): Tuple {
    const { family, protocol, sourcePort, destinationPort } = this;
    const { bytes } = this.#buffer;
    const v6 = family === AF_INET6;
    return {
      source: v6 ? formatIpv6(bytes, this.sourceAt) : formatIpv4(this.source),
      destination: v6 ? formatIpv6(bytes, this.destinationAt) : formatIpv4(this.destination),
      protocol,
      sourcePort,
      destinationPort,
    };
  }

  #readAny(start: number, end: number): boolean {
    const { halves } = this.#buffer;
    this.family = this.source = this.destination = this.sourceAt = this.destinationAt = this.unknown = 0;
    this.protocol = this.sourcePort = this.destinationPort = 0;
    this.zone = -1;
    for (let at = start; end - at >= ATTRIBUTE_HEADER;) {
      const length = halves[at >>> 1] ?? 0;
      const type = (halves[(at >>> 1) + 1] ?? 0) & NLA_TYPE_MASK;
      if (length < ATTRIBUTE_HEADER || length > end - at) return false;
      if (type === CTA_TUPLE_IP) {
        if (!this.#readAddresses(at + ATTRIBUTE_HEADER, at + length)) return false;
      } else if (type === CTA_TUPLE_PROTO) {
        if (!this.#readProtocol(at + ATTRIBUTE_HEADER, at + length)) return false;
      } else if (type === CTA_TUPLE_ZONE) {
        if (length < ATTRIBUTE_HEADER + 2) return false;
        this.zone = this.#buffer.u16(at + ATTRIBUTE_HEADER);
      } else this.unknown++;
      at += (length + 3) & ~3;
    }
    return true;
  }

  #readAddresses(start: number, end: number): boolean {
    const { halves } = this.#buffer;
    for (let at = start; end - at >= ATTRIBUTE_HEADER;) {
      const length = halves[at >>> 1] ?? 0;
      const type = (halves[(at >>> 1) + 1] ?? 0) & NLA_TYPE_MASK;
      if (length < ATTRIBUTE_HEADER || length > end - at) return false;
      const v4 = type === CTA_IP_V4_SRC || type === CTA_IP_V4_DST;
      const v6 = type === CTA_IP_V6_SRC || type === CTA_IP_V6_DST;
      if (v4 || v6) {
        if (length < ATTRIBUTE_HEADER + (v4 ? 4 : 16)) return false;
        this.family = v4 ? AF_INET : AF_INET6;
        const address = v4 ? this.#buffer.u32(at + ATTRIBUTE_HEADER) : 0;
        if (type === CTA_IP_V4_SRC || type === CTA_IP_V6_SRC) {
          this.sourceAt = at + ATTRIBUTE_HEADER;
          this.source = address;
        } else {
          this.destinationAt = at + ATTRIBUTE_HEADER;
          this.destination = address;
        }
      } else this.unknown++;
      at += (length + 3) & ~3;
    }
    // One address alone, or one of each family, is no tuple.
    return this.#addressesFit();
  }

  #addressesFit(): boolean {
    if ((this.sourceAt === 0) !== (this.destinationAt === 0)) return false;
    const { halves } = this.#buffer;
    return this.sourceAt === 0 || halves[(this.sourceAt >>> 1) - 2] === halves[(this.destinationAt >>> 1) - 2];
  }

  #readProtocol(start: number, end: number): boolean {
    const { halves, bytes } = this.#buffer;
    for (let at = start; end - at >= ATTRIBUTE_HEADER;) {
      const length = halves[at >>> 1] ?? 0;
      const type = (halves[(at >>> 1) + 1] ?? 0) & NLA_TYPE_MASK;
      const payload = at + ATTRIBUTE_HEADER;
      if (length < ATTRIBUTE_HEADER + (PROTO_BYTES[type] ?? 0) || length > end - at) return false;
      if (type === CTA_PROTO_NUM) this.protocol = bytes[payload] ?? 0;
      else if (type === CTA_PROTO_SRC_PORT) this.sourcePort = this.#buffer.u16(payload);
      else if (type === CTA_PROTO_DST_PORT) this.destinationPort = this.#buffer.u16(payload);
      else if (type === CTA_PROTO_ICMP_ID || type === CTA_PROTO_ICMPV6_ID) {
        this.sourcePort = this.#buffer.u16(payload);
      } else if (type === CTA_PROTO_ICMP_TYPE || type === CTA_PROTO_ICMPV6_TYPE) {
        this.destinationPort = ((bytes[payload] ?? 0) << 8) | (this.destinationPort & 0xff);
      } else if (type === CTA_PROTO_ICMP_CODE || type === CTA_PROTO_ICMPV6_CODE) {
        this.destinationPort = (bytes[payload] ?? 0) | (this.destinationPort & 0xff00);
      } else this.unknown++;
      at += (length + 3) & ~3;
    }
    return true;
  }
}

/** The word that an attribute's header makes on this host. */
function attributeHeader(length: number, type: number): number {
  return (HOST_LITTLE_ENDIAN ? (type << 16) | length : (length << 16) | type) >>> 0;
}
