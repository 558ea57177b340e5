import type { Ipv4 } from "../../address/ipv4.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { ScanResult } from "../../kernel/conntrack/scan.ts";
import { addressOfKey, tallyAddress } from "../flows/address-key.ts";
import { KeyTally, type Tallied } from "../flows/key-tally.ts";
import { PortUseCount, type DestinationPorts, type PortSupply } from "../flows/port-use.ts";
import { makeSide, toSubscriber, type Side } from "../flows/sides.ts";
import { EXACT_KEYS } from "../flows/summary.ts";
import { SeenConnections } from "./seen-connections.ts";

/** What subscribers can be sorted by. */
export const SUBSCRIBER_ORDERS = ["connections", "new"] as const;

/** One of them. */
export type SubscriberOrder = (typeof SUBSCRIBER_ORDERS)[number];

/** Which subscribers are wanted. */
export interface SubscriberQuestion {
  readonly order: SubscriberOrder;
  /** Only those whose address has this text in it; empty: all. */
  readonly filter: string;
  readonly rows: number;
}

/** A subscriber at the time of the survey. */
export interface SubscriberRow {
  readonly address: string;
  readonly connections: number;
  /** Connections begun since the last survey, a second; undefined: there was none, or it cannot be compared. */
  readonly newPerSecond: number | undefined;
}

/** What a survey found out about subscribers. */
export interface SubscriberRows {
  readonly rows: readonly SubscriberRow[];
  /** All subscribers, whatever the filter; undefined if there are too many to count exactly. */
  readonly subscribers: number | undefined;
  /** Counts may be too low by this much; 0: exact. */
  readonly error: number;
}

/** A public address in use. */
export interface AddressPorts {
  readonly address: Ipv4;
  /** Whose source was translated to it. */
  readonly connections: number;
  /** Undefined: there are too many destinations to count, and none stands out. */
  readonly fullest: DestinationPorts | undefined;
}

/** The connection table summed up. */
export interface SurveyReport extends SubscriberRows {
  readonly scan: ScanResult;
  /** Between this survey and the last; undefined for the first. */
  readonly seconds: number | undefined;
  /** Connections that were not there at the last survey, a second. Those that came and went meanwhile are not seen. */
  readonly newPerSecond: number | undefined;
  /** Entries more than at the last survey; negative if fewer. */
  readonly grown: number | undefined;
  readonly addresses: readonly AddressPorts[];
}

/**
 * One reading of the connection table summed up: who has how many connections, how many of them are new since the
 * reading before, and which destinations fill which public address. Memory is bounded, whatever the table.
 */
export class Survey {
  readonly seen: SeenConnections;
  readonly #before: SeenConnections | undefined;
  readonly #all = new KeyTally(EXACT_KEYS);
  readonly #new = new KeyTally(EXACT_KEYS);
  /** Apart from the ports: destinations may be too many to count, addresses are not. */
  readonly #addresses = new KeyTally(EXACT_KEYS);
  readonly #ports: PortUseCount;
  #side: Side | undefined;

  /** `expected` connections; `before`: those of the survey before, to tell which are new. */
  constructor(expected: number, supplies: readonly PortSupply[], before?: SeenConnections) {
    this.seen = new SeenConnections(expected);
    this.#before = before;
    this.#ports = new PortUseCount(supplies);
  }

  add(entry: ConnectionEntry): void {
    const side = (this.#side ??= makeSide(entry));
    toSubscriber(side, entry);
    tallyAddress(this.#all, entry, side);
    const { id } = entry;
    if (this.#before !== undefined && !this.#before.has(id)) tallyAddress(this.#new, entry, side);
    this.seen.add(id);
    const { reply } = entry;
    if ((entry.status & STATUS.sourceNat) === 0 || reply.family !== 2) return;
    this.#addresses.add(0, 0, 0, reply.destination);
    this.#ports.count(entry);
  }

  /** The first of the subscribers asked for; `seconds` since the survey before. */
  subscribers({ order, filter, rows }: SubscriberQuestion, seconds: number | undefined): SubscriberRows {
    const fits = filter === "" ? undefined : (key: Tallied["key"]) => (addressOfKey(key) ?? "").includes(filter);
    const [first, second] = order === "new" ? [this.#new, this.#all] : [this.#all, this.#new];
    const top = first.top(rows, fits);
    // Those with nothing new have no place in the order of the new ones: they follow by their connections.
    const rest =
      order === "new" && top.length < rows
        ? second.top(rows, (key) => (fits?.(key) ?? true) && this.#new.count(...key) === 0)
        : [];
    return {
      rows: [...top, ...rest].slice(0, rows).map(({ key }) => ({
        address: addressOfKey(key) ?? "no address",
        connections: this.#all.count(...key),
        newPerSecond: this.#rate(this.#new.count(...key), seconds),
      })),
      subscribers: this.#all.error === 0 ? this.#all.size : undefined,
      error: this.#all.error,
    };
  }

  /** All new connections a second. */
  newPerSecond(seconds: number | undefined): number | undefined {
    return this.#rate(this.#new.total, seconds);
  }

  /** Public addresses in use, ascending, with their fullest destinations. */
  addresses(): AddressPorts[] {
    const fullest = this.#ports.fullest();
    const found: AddressPorts[] = [];
    this.#addresses.each(([, , , address], connections) => {
      found.push({ address, connections, fullest: fullest.get(address) });
    });
    return found.toSorted((a, b) => a.address - b.address);
  }

  /** The part of new connections taken for known ones is the same for everybody: it can be made good. */
  #rate(count: number, seconds: number | undefined): number | undefined {
    if (this.#before === undefined || seconds === undefined || seconds <= 0) return undefined;
    return count / (1 - Math.min(0.9, this.#before.missed)) / seconds;
  }
}
