import { countAddresses, prefixRange, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Ipv4 } from "../../address/ipv4.ts";
import type { Ipv4Prefix } from "../../address/ipv4-prefix.ts";

// Twin of bpf/connection.h: change both or neither.

/** The port ranges RFC 4814 section 4.5 recommends for test traffic. */
const FIRST_SOURCE_PORT = 1024;
const SOURCE_PORTS = 64_512;
const FIRST_DESTINATION_PORT = 1;
const DESTINATION_PORTS = 49_151;

const GOLDEN_RATIO = 0x9e3779b9;

/** What the subscriber's packet carries before translation. */
export interface Connection {
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A set of distinct connections, numbered from 0: the same seed gives the same set. */
export interface ConnectionSet {
  readonly connections: number;
  /** Addresses of the subscribers in their order; connection i is subscriber i mod length's. */
  readonly subscribers: Uint32Array;
  readonly firstDestination: Ipv4;
  /** A power of two. */
  readonly destinations: number;
  /** Made from the seed: two words for the permutation, two for the TCP sequence numbers. */
  readonly key: Uint32Array;
}

/** What a set is made from. */
export interface ConnectionSetOptions {
  readonly connections: number;
  readonly subscribers: readonly Ipv4Range[];
  readonly destinations: Ipv4Prefix;
  /** Any whole number from 0 to 2^53 - 1. */
  readonly seed: number;
}

/** Lays the set out; throws a RangeError naming everything that cannot be. */
export function createConnectionSet(options: ConnectionSetOptions): ConnectionSet {
  const range = prefixRange(options.destinations);
  const destinations = range.last - range.first + 1;
  const faults = findFaults(options, range, destinations);
  if (faults.length > 0) throw new RangeError(`cannot lay out connections: ${faults.join("; ")}`);
  return {
    connections: options.connections,
    subscribers: listAddresses(options.subscribers),
    firstDestination: range.first,
    destinations,
    key: makeKey(options.seed),
  };
}

function findFaults(options: ConnectionSetOptions, destinations: Ipv4Range, count: number): string[] {
  const { connections, seed, subscribers } = options;
  const sources = countAddresses(subscribers);
  const faults: string[] = [];
  if (!Number.isInteger(connections) || connections < 1 || connections >= 2 ** 32) {
    faults.push(`the number of connections must be whole, from 1 to 2^32 - 1, not ${connections}`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) faults.push(`the seed must be whole, from 0 to 2^53 - 1, not ${seed}`);
  if (sources === 0) faults.push("there are no subscribers");
  if (sources > 1 << 24) faults.push(`there are ${sources} subscribers, more than 2^24`);
  if (subscribers.some((range) => range.first <= destinations.last && destinations.first <= range.last)) {
    faults.push("the destinations overlap the subscribers");
  }
  if (sources > 0 && Math.ceil(connections / sources) > SOURCE_PORTS * DESTINATION_PORTS * count) {
    faults.push(`${connections} connections are more than there are distinct ones`);
  }
  return faults;
}

function listAddresses(ranges: readonly Ipv4Range[]): Uint32Array {
  const addresses = new Uint32Array(countAddresses(ranges));
  let at = 0;
  for (const range of ranges) {
    for (let address = range.first; address <= range.last; address++) addresses[at++] = address;
  }
  return addresses;
}

function makeKey(seed: number): Uint32Array {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32);
  return Uint32Array.from([1, 2, 3, 4], (salt) => mix(mix(low ^ Math.imul(salt, GOLDEN_RATIO)) ^ high));
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. Unsigned 32 bits in and out. */
export function mix(value: number): number {
  let x = value ^ (value >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function word(set: ConnectionSet, index: 0 | 1 | 2 | 3): number {
  return set.key[index] ?? 0;
}

function roundKey(set: ConnectionSet, subscriber: number, round: number): number {
  return mix(mix(subscriber ^ word(set, 0)) + word(set, 1) + Math.imul(round, GOLDEN_RATIO));
}

/** Adds to the destination half a number made from the source port half. All sums stay below 2^53. */
function turnDestination(destination: number, source: number, key: number, modulus: number): number {
  const high = mix(source ^ key);
  const low = mix(high ^ source ^ GOLDEN_RATIO);
  return (destination + (high & 0xfffff) * 2 ** 32 + low) % modulus;
}

/** Adds to the source port half a number made from the destination half. */
function turnSource(source: number, destination: number, key: number): number {
  return (source + mix(mix((destination >>> 0) ^ key) ^ Math.floor(destination / 2 ** 32))) % SOURCE_PORTS;
}

/**
 * The connection of a number.
 *
 * Connection i belongs to subscriber i mod S and is his connection j = i div S. The pair (j mod A, j div A) goes through
 * a Feistel network over Z_A x Z_B, where A counts source ports and B destination address-port pairs: each round adds to
 * one half a function of the other half, so each round can be undone, and no two j give the same pair. Two subscribers
 * differ in the source address. Hence no two connections coincide while j < A * B.
 */
export function connectionAt(set: ConnectionSet, index: number): Connection {
  const subscriber = index % set.subscribers.length;
  const number = Math.floor(index / set.subscribers.length);
  const modulus = set.destinations * DESTINATION_PORTS;
  let source = number % SOURCE_PORTS;
  let destination = Math.floor(number / SOURCE_PORTS);

  destination = turnDestination(destination, source, roundKey(set, subscriber, 0), modulus);
  source = turnSource(source, destination, roundKey(set, subscriber, 1));
  destination = turnDestination(destination, source, roundKey(set, subscriber, 2), modulus);
  source = turnSource(source, destination, roundKey(set, subscriber, 3));

  return {
    source: set.subscribers[subscriber] ?? 0,
    destination: set.firstDestination + (destination % set.destinations),
    sourcePort: FIRST_SOURCE_PORT + source,
    destinationPort: FIRST_DESTINATION_PORT + Math.floor(destination / set.destinations),
  };
}

/** The TCP sequence number of the SYN, which carries the connection's number through the translation. */
export function clientSequence(set: ConnectionSet, index: number): number {
  return (index + word(set, 2)) >>> 0;
}

/** The connection's number from the sequence number of its SYN. */
export function indexOfSequence(set: ConnectionSet, sequence: number): number {
  return (sequence - word(set, 2)) >>> 0;
}

/** The TCP sequence number of the SYN-ACK. */
export function serverSequence(set: ConnectionSet, index: number): number {
  return mix(index ^ word(set, 3));
}
