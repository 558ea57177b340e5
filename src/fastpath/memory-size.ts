/** Of the machine's memory, at most this share is used to remember connections. */
const LARGEST_SHARE = 1 / 32;
/** Bytes of a set of two places: struct set4 and struct set6 in bpf/fastpath. */
export const SET4_BYTES = 128;
export const SET6_BYTES = 256;
const FEWEST_SETS = 1024;
/** IPv6 gets a part of what IPv4 gets: translated traffic is IPv4, the rest passes without NAT. */
const IPV6_SHARE = 1 / 4;

/** How many sets of two places there are, for each version of IP; powers of two. */
export interface MemorySize {
  readonly sets4: number;
  readonly sets6: number;
  readonly bytes: number;
}

/**
 * Enough for `connections` in both directions, each with twice the places it needs: fewer, and some connections would
 * push each other out all the time. Never more than a 32nd of the machine's memory.
 */
export function memorySize(connections: number, memoryBytes: number): MemorySize {
  const perSet = SET4_BYTES + IPV6_SHARE * SET6_BYTES;
  const affordable = 2 ** Math.floor(Math.log2((memoryBytes * LARGEST_SHARE) / perSet));
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, connections) * 2));
  const sets4 = Math.max(FEWEST_SETS, Math.min(affordable, wanted));
  const sets6 = Math.max(FEWEST_SETS, sets4 * IPV6_SHARE);
  return { sets4, sets6, bytes: sets4 * SET4_BYTES + sets6 * SET6_BYTES };
}
