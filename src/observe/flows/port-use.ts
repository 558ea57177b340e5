import type { Ipv4 } from "../../address/ipv4.ts";
import { IPPROTO_ICMP } from "../../kernel/conntrack/attributes.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { refusalChance } from "../../plan/exhaustion.ts";
import { KeyTally, type Tallied } from "./key-tally.ts";

/** The ports that source NAT has on a public address; plain data. */
export interface PortSupply {
  readonly address: Ipv4;
  readonly first: number;
  readonly last: number;
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
  /** That the next connection from there to there finds no port, 0 to 1. */
  readonly refusalChance: number;
}

/** The same, and who does it. */
export interface PortUse extends DestinationPorts {
  /** Whose connections fill it, the most first. */
  readonly subscribers: readonly { readonly address: Ipv4; readonly connections: number }[];
}

/** What the kernel itself takes for ports above 1023 if a rule names none. */
const KERNEL_RANGE = { first: 1024, last: 65535 } as const;
/** The first round of the kernel's search tries up to 128 ports in order: it finds the last free one of so many. */
const SEARCHED_WHOLE = 128;
/** Destinations counted exactly at once; see `KeyTally`. */
const EXACT_DESTINATIONS = 262_144;
/** More ports than an address has: who fills one destination is always exact. */
const EXACT_SUBSCRIBERS = 65_536;

const NONE: readonly number[] = [];

/** The chance that one more connection is refused when `used` of `ports` are taken. */
export function refusal(used: number, ports: number): number {
  if (ports <= SEARCHED_WHOLE) return used >= ports ? 1 : 0;
  return refusalChance(used / ports);
}

/**
 * Counts the ports in use per (public address, protocol, destination address and port), of IPv4 connections whose source
 * was translated: a port can serve each destination once, so this decides exhaustion. Two passes over the table: `count`
 * with every entry, then `choose`, then `attribute` with every entry.
 */
export class PortUseCount {
  readonly #supplies = new Map<Ipv4, PortSupply>();
  readonly #tally = new KeyTally(EXACT_DESTINATIONS);
  readonly #key = new Uint32Array(4);
  #chosen: { readonly key: Tallied["key"]; readonly used: number; readonly by: KeyTally }[] = [];
  /** Where in `chosen` a key is; few keys, asked for by every entry of the second pass. */
  #places = new Map<number, number[]>();

  constructor(supplies: readonly PortSupply[]) {
    for (const supply of supplies) this.#supplies.set(supply.address, supply);
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
    this.#chosen = this.#tally.top(top).map(({ key, count }) => ({
      key,
      used: count,
      by: new KeyTally(EXACT_SUBSCRIBERS),
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
    }
  }

  /** The fullest, by their part of the ports; `subscribers` of each at most. */
  result(subscribers: number): PortUse[] {
    return this.#chosen
      .map(({ key, used, by }) => ({
        ...this.#use(key, used),
        subscribers: by.top(subscribers).map(({ key, count }) => ({ address: key[3], connections: count })),
      }))
      .toSorted((x, y) => y.occupancy - x.occupancy || y.used - x.used);
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

  #use([address, destination, protocolAndPort, blockFirst]: Tallied["key"], used: number): DestinationPorts {
    const supply = this.#supplies.get(address);
    const { first, last } = supply ?? KERNEL_RANGE;
    const ports =
      blockFirst === 0 || supply?.blockSize === undefined
        ? { first, last }
        : { first: blockFirst, last: blockFirst + supply.blockSize - 1 };
    const size = ports.last - ports.first + 1;
    return {
      address,
      protocol: protocolAndPort >>> 16,
      destination,
      destinationPort: protocolAndPort & 0xffff,
      ports,
      used,
      occupancy: used / size,
      refusalChance: refusal(used, size),
    };
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
    key[3] = 0;
    const supply = this.#supplies.get(reply.destination);
    if (supply?.blockSize !== undefined && port >= supply.first) {
      key[3] = supply.first + Math.floor((port - supply.first) / supply.blockSize) * supply.blockSize;
    }
    return true;
  }
}

/** Of two as full, the one with the lower destination: what is shown does not jump. */
function isFuller(one: DestinationPorts, other: DestinationPorts): boolean {
  if (one.occupancy !== other.occupancy) return one.occupancy > other.occupancy;
  return one.destination !== other.destination
    ? one.destination < other.destination
    : one.destinationPort < other.destinationPort;
}
