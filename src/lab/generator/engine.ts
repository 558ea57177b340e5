import type { PortRange } from "../../address/port-range.ts";
import type { Ipv4 } from "../../address/ipv4.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import type { ConnectionSet } from "./connection.ts";
import type { LinkEnds, Protocol } from "./frame.ts";

/** Where an engine works and on what. */
export interface EngineSetup {
  readonly set: ConnectionSet;
  readonly protocol: Protocol;
  readonly inside: { readonly namespace: NamespaceName; readonly interface: string; readonly index: number };
  readonly outside: { readonly namespace: NamespaceName; readonly interface: string };
  readonly ends: LinkEnds;
  /** Keep each subscriber's public address and ports. */
  readonly record: boolean;
}

/** What was counted so far. All but frames, strays and moved count connections, each once. */
export interface EngineCounts {
  /** Packets the generator sent, repetitions included. */
  readonly frames: number;
  readonly delivered: number;
  readonly answered: number;
  /** TCP: the handshake's last packet reached the outside. */
  readonly acknowledged: number;
  /** Answers that came back inside to another address or port than asked. */
  readonly strays: number;
  /** Packets of a subscriber seen from another public address than his first. Counted if recorded. */
  readonly moved: number;
}

/** The ports used on one public address. */
export interface PublicAddressUse {
  readonly address: Ipv4;
  readonly connections: number;
  /** The lowest and the highest seen. */
  readonly ports: PortRange;
}

/** Where a subscriber's packets came from, as seen outside. */
export interface SubscriberMapping {
  readonly subscriber: Ipv4;
  readonly publicAddress: Ipv4;
  /** The lowest and the highest seen. */
  readonly ports: PortRange;
}

/** Which addresses the gateway used. */
export interface AddressUse {
  /** In ascending order; by XDP of no more than 65,536. */
  readonly publicAddresses: readonly PublicAddressUse[];
  /** Of every subscriber of whom a packet was seen; empty unless recorded. */
  readonly mappings: readonly SubscriberMapping[];
}

/** A way to make the connections of a set. */
export interface Engine {
  /** Starts again with the first connection; `onlyIncomplete` leaves out those that have been through all steps. */
  beginRound(onlyIncomplete: boolean): void;
  /** Sends the packets of the next `count` connections; resolves with the number of connections gone through. */
  advance(count: number): Promise<number>;
  counts(): EngineCounts;
  /** What was seen outside; once, after the last round. */
  addressUse(): AddressUse | Promise<AddressUse>;
  /** Leaves the interfaces as they were. */
  close(): Promise<void>;
}
