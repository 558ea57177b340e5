import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";

/*
 * Bytes of the structures in bpf/drops.h: change both or neither.
 */
export const CAUSE_BYTES = 24;
export const SAMPLE_BYTES = 136;
/** `struct seat`: a cause and its count. */
const SEAT_BYTES = CAUSE_BYTES + 8;
const SAMPLE_HEADER_BYTES = 40;

/** Why, where and what was dropped. */
export interface DropCause {
  /** The kernel's number for the reason: enum skb_drop_reason, or one of a subsystem's above 65536. */
  readonly reason: number;
  /** The kernel's address of the code that dropped. */
  readonly location: bigint;
  /** Inode of the network namespace; 0 if the packet told none. */
  readonly namespace: number;
  /** Index of the interface in that namespace; 0 if the packet told none. */
  readonly interface: number;
  /** EtherType, host order. */
  readonly protocol: number;
  /** Number of the protocol in the IP header; 0 if it is no IP packet. */
  readonly transport: number;
}

/** A cause and how many packets died of it since counting began. */
export interface DropCount extends DropCause {
  readonly packets: number;
}

/** The first bytes of a dropped packet. */
export interface DropSample extends DropCause {
  /** Nanoseconds since boot, without time asleep. */
  readonly time: bigint;
  /** Bytes of the packet as the kernel held it. */
  readonly length: number;
  /** From the network header; empty if there was none to read. */
  readonly bytes: Buffer;
}

/** Decodes `struct cause`. */
export function decodeCause(bytes: Buffer): DropCause {
  const u32 = (offset: number): number =>
    HOST_LITTLE_ENDIAN ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
  return {
    location: HOST_LITTLE_ENDIAN ? bytes.readBigUInt64LE(0) : bytes.readBigUInt64BE(0),
    reason: u32(8),
    namespace: u32(12),
    interface: u32(16),
    protocol: bytes.readUInt16BE(20),
    transport: bytes.readUInt8(22),
  };
}

/** Decodes `struct seats` of all processors: for each seat taken its cause and what that processor counted. */
export function decodeSeats(bytes: Buffer): DropCount[] {
  const counts: DropCount[] = [];
  for (let at = 0; at + SEAT_BYTES <= bytes.length; at += SEAT_BYTES) {
    const packets = readCount(bytes, at + CAUSE_BYTES);
    if (packets > 0) counts.push({ ...decodeCause(bytes.subarray(at, at + CAUSE_BYTES)), packets });
  }
  return counts;
}

/** Reads a 64-bit counter. */
export function readCount(bytes: Buffer, at: number): number {
  return Number(HOST_LITTLE_ENDIAN ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
}

/** Adds up the counts of equal causes. */
export function mergeCounts(counts: readonly DropCount[]): DropCount[] {
  const merged = new Map<string, DropCount>();
  for (const count of counts) {
    const { reason, location, namespace, interface: index, protocol, transport } = count;
    const key = [reason, location, namespace, index, protocol, transport].join(" ");
    merged.set(key, { ...count, packets: count.packets + (merged.get(key)?.packets ?? 0) });
  }
  return [...merged.values()];
}

/** Decodes `struct sample`; the bytes are a copy. */
export function decodeSample(bytes: Buffer): DropSample {
  const u32 = (offset: number): number =>
    HOST_LITTLE_ENDIAN ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
  const captured = Math.min(u32(36), SAMPLE_BYTES - SAMPLE_HEADER_BYTES);
  return {
    ...decodeCause(bytes),
    time: HOST_LITTLE_ENDIAN ? bytes.readBigUInt64LE(24) : bytes.readBigUInt64BE(24),
    length: u32(32),
    bytes: Buffer.from(bytes.subarray(SAMPLE_HEADER_BYTES, SAMPLE_HEADER_BYTES + captured)),
  };
}
