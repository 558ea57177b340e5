import type { ConnectionSet } from "../../lab/generator/connection.ts";
import { AT, FRAME_LENGTH, IPPROTO_UDP, writeFrame } from "../../lab/generator/frame.ts";

/** Bytes of struct header in bpf/bench.bpf.c. */
export const HEADER_BYTES = 16;
/** Where a header lies in the frame: IP checksum, addresses, ports; then the UDP checksum, in place of the UDP length. */
const BEFORE_LENGTH = { from: AT.ipChecksum, to: AT.udpLength } as const;

/** What `play` sends. */
export interface Score {
  /** A whole frame, the same for every connection but for its header; the hardware addresses are still to be written. */
  readonly frame: Buffer;
  /** One after the other in the order in which they are sent. */
  readonly headers: Uint8Array;
  readonly length: number;
}

const NO_ENDS = { own: new Uint8Array(6), gateway: new Uint8Array(6) };

/** Writes the headers of the first `connections` of a set in an order of their numbers. */
export function writeScore(set: ConnectionSet, connections: number, order: Uint32Array): Score {
  const frame = Buffer.alloc(FRAME_LENGTH);
  const each = Buffer.alloc(connections * HEADER_BYTES);
  for (let index = 0; index < connections; index++) {
    writeFrame(frame, set, index, IPPROTO_UDP, NO_ENDS, 0);
    const at = index * HEADER_BYTES;
    frame.copy(each, at, BEFORE_LENGTH.from, BEFORE_LENGTH.to);
    frame.copy(each, at + BEFORE_LENGTH.to - BEFORE_LENGTH.from, AT.udpChecksum, AT.udpChecksum + 2);
  }
  // By words of 64 bits: bytes would take seconds.
  const from = new BigUint64Array(each.buffer, each.byteOffset, each.length / 8);
  const headers = new BigUint64Array(order.length * 2);
  for (const [place, index] of order.entries()) {
    headers[2 * place] = from[2 * index] ?? 0n;
    headers[2 * place + 1] = from[2 * index + 1] ?? 0n;
  }
  return { frame, headers: new Uint8Array(headers.buffer), length: order.length };
}
