import { AttributeCursor, type MessageCursor } from "../netlink/cursor.ts";
import { NFGENMSG } from "../netlink/nfnetlink.ts";
import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_ID,
  CTA_MARK,
  CTA_PROTOINFO,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_STATE,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
} from "./attributes.ts";
import { TupleNumbers, type Tuple } from "./tuple.ts";

/** Bits of a connection's status (IPS_*, include/uapi/linux/netfilter/nf_conntrack_common.h). */
export const STATUS = {
  expected: 1 << 0,
  seenReply: 1 << 1,
  assured: 1 << 2,
  confirmed: 1 << 3,
  sourceNat: 1 << 4,
  destinationNat: 1 << 5,
  sequenceAdjust: 1 << 6,
  sourceNatDone: 1 << 7,
  destinationNatDone: 1 << 8,
  dying: 1 << 9,
  fixedTimeout: 1 << 10,
  template: 1 << 11,
  natClash: 1 << 12,
  helper: 1 << 13,
  offload: 1 << 14,
  hardwareOffload: 1 << 15,
} as const;

/** The kernel's names of TCP states, by number; as conntrack(8) prints them. */
export const TCP_STATES = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
] as const;

/** What one direction has carried; only with net.netfilter.nf_conntrack_acct. */
export interface ConnectionCounters {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** One entry of the connection table. */
export interface Connection {
  /** AF_INET 2 or AF_INET6 10. */
  readonly family: number;
  /** Given by the kernel; may come again after the entry is gone. */
  readonly id: number;
  /** As the first packet came in. */
  readonly original: Tuple;
  /** As answers come in: where the connection is translated, its destination is the translated source. */
  readonly reply: Tuple;
  /** `STATUS` bits. */
  readonly status: number;
  /** Seconds until it expires without a packet. */
  readonly timeout: number;
  readonly zone: number;
  readonly mark: number;
  readonly tcpState?: (typeof TCP_STATES)[number];
  readonly originalCounters?: ConnectionCounters;
  readonly replyCounters?: ConnectionCounters;
  /** Nanoseconds since 1970; only with net.netfilter.nf_conntrack_timestamp. */
  readonly start?: bigint;
}

/** Decodes entries to objects: for single ones, not for whole tables. */
export class ConnectionDecoder {
  readonly #outer: AttributeCursor;
  readonly #middle: AttributeCursor;
  readonly #inner: AttributeCursor;
  readonly #numbers = new TupleNumbers();
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#outer = new AttributeCursor(bytes);
    this.#middle = new AttributeCursor(bytes);
    this.#inner = new AttributeCursor(bytes);
  }

  /** Decodes the entry where `message` stands. */
  decode(message: MessageCursor): Connection {
    return this.decodeBetween(message.u8(0), message.start + NFGENMSG, message.end);
  }

  /** Decodes the entry whose attributes lie between two offsets of the buffer. */
  decodeBetween(family: number, start: number, end: number): Connection {
    const outer = this.#outer.inside(start, end);
    let original = this.#numbers.tuple(this.#bytes);
    let reply = original;
    const numbers = { id: 0, status: 0, timeout: 0, zone: 0, mark: 0 };
    const optional: Partial<Pick<MutableConnection, "tcpState" | "originalCounters" | "replyCounters" | "start">> = {};
    while (outer.next()) {
      if (outer.type === CTA_TUPLE_ORIG) original = this.#tuple();
      else if (outer.type === CTA_TUPLE_REPLY) reply = this.#tuple();
      else if (outer.type === CTA_STATUS) numbers.status = outer.u32be();
      else if (outer.type === CTA_TIMEOUT) numbers.timeout = outer.u32be();
      else if (outer.type === CTA_ID) numbers.id = outer.u32be();
      else if (outer.type === CTA_ZONE) numbers.zone = outer.u16be();
      else if (outer.type === CTA_MARK) numbers.mark = outer.u32be();
      else if (outer.type === CTA_PROTOINFO) {
        const state = TCP_STATES[this.tcpState(outer)];
        if (state !== undefined) optional.tcpState = state;
      } else if (outer.type === CTA_COUNTERS_ORIG) optional.originalCounters = this.#counters();
      else if (outer.type === CTA_COUNTERS_REPLY) optional.replyCounters = this.#counters();
      else if (outer.type === CTA_TIMESTAMP) {
        const stamp = this.#middle.inAttribute(outer);
        while (stamp.next()) if (stamp.type === CTA_TIMESTAMP_START) optional.start = stamp.u64be();
      }
    }
    return { family, original, reply, ...numbers, ...optional };
  }

  /** The number of the TCP state in CTA_PROTOINFO, or 255 for other protocols. */
  tcpState(protocolInfo: AttributeCursor): number {
    const middle = this.#middle.inAttribute(protocolInfo);
    while (middle.next()) {
      if (middle.type !== CTA_PROTOINFO_TCP) continue;
      const inner = this.#inner.inAttribute(middle);
      while (inner.next()) if (inner.type === CTA_PROTOINFO_TCP_STATE) return inner.u8();
    }
    return 255;
  }

  #tuple(): Tuple {
    this.#numbers.read(this.#outer, this.#middle, this.#inner);
    return this.#numbers.tuple(this.#bytes);
  }

  #counters(): ConnectionCounters {
    const middle = this.#middle.inAttribute(this.#outer);
    let packets = 0n;
    let bytes = 0n;
    while (middle.next()) {
      if (middle.type === CTA_COUNTERS_PACKETS) packets = middle.u64be();
      else if (middle.type === CTA_COUNTERS_BYTES) bytes = middle.u64be();
    }
    return { packets, bytes };
  }
}

type MutableConnection = { -readonly [K in keyof Connection]: Connection[K] };
