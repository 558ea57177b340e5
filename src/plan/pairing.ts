import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";

/** The seed of the hash that pairs a subscriber with one address of a shared pool (RFC 4787, REQ-2). */
export const PAIRING_SEED = 1;

/**
 * Which of `addresses` public addresses the subscriber is paired with, counted from 0: what nftables computes for
 * `jhash ip saddr mod ADDRESSES seed 0x1` (include/linux/jhash.h over 4 bytes, then reciprocal_scale).
 */
export function pairedAddress(subscriber: Ipv4, addresses: number): number {
  return hashedAddress(subscriber, addresses, PAIRING_SEED);
}

/** What nftables computes for `jhash ip saddr mod CHOICES seed SEED` or the same of `ip daddr`. */
export function hashedAddress(address: Ipv4, choices: number, seed: number): number {
  const start = (0xdeadbeef + 4 + seed) | 0;
  // jhash reads bytes, lowest first; the address is in network order, so its first byte comes first.
  let a = (start + swapBytes(address)) | 0;
  let b = start;
  let c = start;
  c = ((c ^ b) - rotateLeft(b, 14)) | 0;
  a = ((a ^ c) - rotateLeft(c, 11)) | 0;
  b = ((b ^ a) - rotateLeft(a, 25)) | 0;
  c = ((c ^ b) - rotateLeft(b, 16)) | 0;
  a = ((a ^ c) - rotateLeft(c, 4)) | 0;
  b = ((b ^ a) - rotateLeft(a, 14)) | 0;
  c = ((c ^ b) - rotateLeft(b, 24)) | 0;
  return Math.floor(((c >>> 0) * choices) / 2 ** 32);
}

/** How many of the subscribers each of the public addresses serves. */
export function countPaired(subscribers: readonly Ipv4Range[], addresses: number): Uint32Array {
  const counts = new Uint32Array(addresses);
  for (const range of subscribers) {
    for (let subscriber = range.first; subscriber <= range.last; subscriber++) {
      const index = pairedAddress(subscriber, addresses);
      counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  return counts;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
