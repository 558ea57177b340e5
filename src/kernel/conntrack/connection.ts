import type { Tuple } from "./tuple.ts";

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
