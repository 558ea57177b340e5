import type { Ipv4 } from "../../address/ipv4.ts";
import type { PortRange } from "../../address/port-range.ts";
import { IPPROTO_ICMP } from "../../kernel/conntrack/attributes.ts";
import { STATUS, TCP_STATES } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import { KeyTally, type Tallied } from "./key-tally.ts";
import { refusalAmong, refusalAtRandom, refusalWithTakeover } from "../../plan/port-refusal.ts";

/** The ports that source NAT has on a public address; plain data. Those of one address and protocol do not overlap. */
export interface PortSupply {
  readonly address: Ipv4;
  readonly first: number;
  readonly last: number;
  /** Absent: all. */
  readonly protocols?: readonly number[];
  /** Each subscriber has a block of so many ports to itself, counted from `first`. */
  readonly blockSize?: number;
}

/** Ports of a public address that one destination takes up. */
export interface DestinationPorts {
  readonly address: Ipv4;
  readonly protocol: number;
  readonly destination: Ipv4;
  /** 0 for protocols without ports. */
  readonly destinationPort: number;
  /** The block's ports, where subscribers have blocks; else all that may be used on the address. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly used: number;
  /** 0 to 1; over 1 if ports outside of the supply are in use. */
  readonly occupancy: number;
  /**
   * That the next connection from there to there finds no port, 0 to 1: from `PortUseCount.result` as the ports in use
   * lie, else as if they lay at random.
   */
  readonly refusalChance: number;
}

/** The same, and who does it. */
export interface PortUse extends DestinationPorts {
  /** Whose connections fill it, the most first. */
  readonly subscribers: readonly { readonly address: Ipv4; readonly connections: number }[];
}

/** What the kernel itself takes for ports above 1023 if a rule names none. */
const KERNEL_RANGE = { first: 1024, last: 65535 } as const;
/** Destinations counted exactly at once; see `KeyTally`. */
const EXACT_DESTINATIONS = 262_144;
/** More ports than an address has: who fills one destination is always exact. */
const EXACT_SUBSCRIBERS = 65_536;

const TCP = 6;
const TIME_WAIT = TCP_STATES.indexOf("TIME_WAIT");
const NONE: readonly number[] = [];
const NO_SUPPLY: readonly PortSupply[] = [];
const PORT_BYTES = 65_536 / 8;

interface Chosen {
  readonly key: Tallied["key"];
  readonly used: number;
  readonly by: KeyTally;
  /** One bit for each port in use. */
  readonly bits: Uint8Array;
  /** One bit for each port that the kernel takes from its connection if nothing else is left; undefined: none. */
  ended: Uint8Array | undefined;
}

/**
 * Counts the ports in use per (public address, protocol, destination address and port), of IPv4 connections whose source
 * was translated: a port can serve each destination once, so this decides exhaustion. Two passes over the table: `count`
 * with every entry, then `choose`, then `attribute` with every entry.
 */
export class PortUseCount {
  readonly #supplies = new Map<Ipv4, PortSupply[]>();
  readonly #tally = new KeyTally(EXACT_DESTINATIONS);
  readonly #key = new Uint32Array(4);
  readonly #takesOver: boolean;
  #port = 0;
  #chosen: Chosen[] = [];
  /** Where in `chosen` a key is; few keys, asked for by every entry of the second pass. */
  #places = new Map<number, number[]>();

  /** `takesOver`: whether the kernel gives ports of TCP connections that have ended to new ones, as Linux 6.5 does. */
  constructor(supplies: readonly PortSupply[], takesOver = false) {
    this.#takesOver = takesOver;
    for (const supply of supplies) {
      const known = this.#supplies.get(supply.address);
      if (known === undefined) this.#supplies.set(supply.address, [supply]);
      else known.push(supply);
    }
  }

  /** Connections counted. */
  get connections(): number {
    return this.#tally.total;
  }

  /** Counts may be too low by this much; 0: exact. */
  get error(): number {
    return this.#tally.error;
  }

  count(entry: ConnectionEntry): void {
    if (!this.#read(entry)) return;
    const [a = 0, b = 0, c = 0, d = 0] = this.#key;
    this.#tally.add(a, b, c, d);
  }

  /** Ends the first pass: the `top` fullest are looked at in the second. */
  choose(top: number): void {
    const best: (DestinationPorts & { readonly key: Tallied["key"] })[] = [];
    this.#tally.each((key, used) => {
      const least = best[top - 1];
      if (least !== undefined && used / sizeOf(this.#ports(key)) < least.occupancy) return;
      const use = { ...this.#use(key, used), key };
      const place = best.findIndex((other) => isFuller(use, other));
      best.splice(place < 0 ? best.length : place, 0, use);
      if (best.length > top) best.pop();
    });
    this.#chosen = best.map(({ key, used }) => ({
      key,
      used,
      by: new KeyTally(EXACT_SUBSCRIBERS),
      bits: new Uint8Array(PORT_BYTES),
      ended: undefined,
    }));
    this.#places = new Map();
    for (const [place, { key }] of this.#chosen.entries()) {
      this.#places.set(key[1], [...(this.#places.get(key[1]) ?? []), place]);
    }
  }

  attribute(entry: ConnectionEntry): void {
    if (!this.#read(entry)) return;
    const [a, b = 0, c, d] = this.#key;
    for (const place of this.#places.get(b) ?? NONE) {
      const chosen = this.#chosen[place];
      if (chosen === undefined || chosen.key[0] !== a || chosen.key[2] !== c || chosen.key[3] !== d) continue;
      chosen.by.add(0, 0, 0, entry.original.source);
      const at = this.#port >>> 3;
      const bit = 1 << (this.#port & 7);
      chosen.bits[at] = (chosen.bits[at] ?? 0) | bit;
      if (this.#takesOver && hasEnded(entry)) {
        chosen.ended ??= new Uint8Array(PORT_BYTES);
        chosen.ended[at] = (chosen.ended[at] ?? 0) | bit;
      }
    }
  }

  /** The fullest, by their part of the ports; `subscribers` of each at most. */
  result(subscribers: number): PortUse[] {
    return this.#chosen
      .map(({ key, used, by, bits, ended }) => ({
        ...this.#use(key, used, bits, ended),
        subscribers: by.top(subscribers).map(({ key, count }) => ({ address: key[3], connections: count })),
      }))
      .toSorted((x, y) => (isFuller(x, y) ? -1 : 1));
  }

  /**
   * After the first pass: the fullest destination of each public address, for which nobody has looked who fills it. An
   * address is missing if there were too many destinations to count and none of its own stands out.
   */
  fullest(): Map<Ipv4, DestinationPorts> {
    const found = new Map<Ipv4, DestinationPorts>();
    this.#tally.each((key, used) => {
      const use = this.#use(key, used);
      const known = found.get(use.address);
      if (known === undefined || isFuller(use, known)) found.set(use.address, use);
    });
    return found;
  }

  #use(key: Tallied["key"], used: number, bits?: Uint8Array, ended?: Uint8Array): DestinationPorts {
    const [address, destination, protocolAndPort] = key;
    const ports = this.#ports(key);
    const size = sizeOf(ports);
    // Before the second pass nobody has looked where they lie.
    const looked = bits?.some((byte) => byte !== 0) === true;
    return {
      address,
      protocol: protocolAndPort >>> 16,
      destination,
      destinationPort: protocolAndPort & 0xffff,
      ports,
      used,
      occupancy: used / size,
      refusalChance: looked ? refusalOf(bits, ended, ports) : refusalAtRandom(used, size),
    };
  }

  /** The ports that the connections of a key share: those of a block, of a supply, or the kernel's own range. */
  #ports([address, , protocolAndPort, first]: Tallied["key"]): PortRange {
    const supply = this.#supplyOf(address, protocolAndPort >>> 16, first === 0 ? undefined : first);
    if (supply === undefined) return KERNEL_RANGE;
    if (first === 0 || supply.blockSize === undefined) return { first: supply.first, last: supply.last };
    return { first, last: Math.min(supply.last, first + supply.blockSize - 1) };
  }

  /** The supply that the port belongs to; without a port, the only one there is. */
  #supplyOf(address: Ipv4, protocol: number, port: number | undefined): PortSupply | undefined {
    let only: PortSupply | undefined;
    let others = 0;
    for (const supply of this.#supplies.get(address) ?? NO_SUPPLY) {
      if (supply.protocols !== undefined && !supply.protocols.includes(protocol)) continue;
      if (port !== undefined && port >= supply.first && port <= supply.last) return supply;
      only = supply;
      others++;
    }
    return port === undefined && others === 1 ? only : undefined;
  }

  /** Makes the entry's key; false if it takes no port. */
  #read({ status, original, reply }: ConnectionEntry): boolean {
    if ((status & STATUS.sourceNat) === 0 || reply.family !== 2) return false;
    const icmp = original.protocol === IPPROTO_ICMP;
    const port = icmp ? reply.sourcePort : reply.destinationPort;
    const key = this.#key;
    key[0] = reply.destination;
    key[1] = reply.source;
    key[2] = (original.protocol << 16) | (icmp ? 0 : reply.sourcePort);
    key[3] = this.#group(reply.destination, original.protocol, port);
    this.#port = port;
    return true;
  }

  /** What tells the ports of one address apart: the first of the block or of the supply; 0 where there is one supply. */
  #group(address: Ipv4, protocol: number, port: number): number {
    const supplies = this.#supplies.get(address);
    if (supplies === undefined) return 0;
    const supply = this.#supplyOf(address, protocol, port);
    if (supply === undefined) return 0;
    if (supply.blockSize !== undefined) {
      return supply.first + Math.floor((port - supply.first) / supply.blockSize) * supply.blockSize;
    }
    return supplies.length === 1 ? 0 : supply.first;
  }
}

/** The states from TIME_WAIT on; what was given a fixed timeout or goes past the rules keeps its port. */
function hasEnded(entry: ConnectionEntry): boolean {
  const { fixedTimeout, dying, offload, hardwareOffload } = STATUS;
  if (entry.original.protocol !== TCP || (entry.status & (fixedTimeout | dying | offload | hardwareOffload)) !== 0) {
    return false;
  }
  return protocolState(entry) >= TIME_WAIT;
}

function refusalOf(bits: Uint8Array, ended: Uint8Array | undefined, ports: PortRange): number {
  return ended === undefined ? refusalAmong(bits, ports) : refusalWithTakeover(bits, ended, ports);
}

function sizeOf({ first, last }: PortRange): number {
  return last - first + 1;
}

/** Of two as full, the larger; of two as large, the one with the lower destination: what is shown does not jump. */
function isFuller(one: DestinationPorts, other: DestinationPorts): boolean {
  if (one.occupancy !== other.occupancy) return one.occupancy > other.occupancy;
  if (one.used !== other.used) return one.used > other.used;
  return one.destination !== other.destination
    ? one.destination < other.destination
    : one.destinationPort < other.destinationPort;
}
