/** Of the machine's memory, at most this share is used to remember connections. */
const LARGEST_SHARE = 1 / 32;
/** SHELF_BYTES in bpf/fastpath/shelf.h, and how many places for one direction of a connection lie on a shelf. */
const SHELF_BYTES = 32_768;
const PLACES4 = 253 * 2;
const PLACES6 = 126 * 2;
/** A place is chosen by chance, among two: with two for each direction of a connection, 97 in a hundred find theirs. */
const PLACES_PER_CONNECTION = 4;
/** IPv6 gets a part of what IPv4 gets: translated traffic is IPv4, the rest passes without NAT. */
const IPV6_SHARE = 1 / 4;
const FEWEST_SHELVES = 4;
/** As many as 16 bits of a hash tell apart. */
const MOST_SHELVES = 65_535;

/** How much is remembered for each version of IP. */
export interface MemorySize {
  readonly shelves4: number;
  readonly shelves6: number;
  /** Places, each for one direction of a connection. */
  readonly places4: number;
  readonly places6: number;
  readonly bytes: number;
}

/** Room for so many connections, but never more than a 32nd of the machine's memory. */
export function memorySize(connections: number, memoryBytes: number): MemorySize {
  const affordable = Math.floor((memoryBytes * LARGEST_SHARE) / SHELF_BYTES / (1 + IPV6_SHARE));
  const wanted = Math.ceil((connections * PLACES_PER_CONNECTION) / PLACES4);
  const shelves4 = Math.max(FEWEST_SHELVES, Math.min(affordable, wanted, MOST_SHELVES));
  const shelves6 = Math.max(FEWEST_SHELVES, Math.round(shelves4 * IPV6_SHARE));
  return {
    shelves4,
    shelves6,
    places4: shelves4 * PLACES4,
    places6: shelves6 * PLACES6,
    bytes: (shelves4 + shelves6) * SHELF_BYTES,
  };
}
