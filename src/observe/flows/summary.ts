import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import { PORT_PROTOCOLS, protocolName } from "../../kernel/conntrack/protocol-name.ts";
import { addressOfKey, tallyAddress } from "./address-key.ts";
import { KeyTally, type Tallied } from "./key-tally.ts";
import { makeSide, toPool, toSubscriber, type Side } from "./sides.ts";

/** What connections can be counted by. */
export const SUMMARY_KEYS = ["subscriber", "pool", "destination", "state", "protocol", "port", "timeout"] as const;

/** One of them. */
export type SummaryKey = (typeof SUMMARY_KEYS)[number];

/** Distinct keys that are counted exactly; beyond, only the frequent ones are kept, with an error that is stated. */
export const EXACT_KEYS = 262_144;

/** One line of a summary. */
export interface SummaryRow {
  readonly key: string;
  readonly connections: number;
  /** Of all connections that matched, 0 to 1. */
  readonly share: number;
}

/** Connections counted by something. */
export interface Summary {
  readonly by: SummaryKey;
  readonly connections: number;
  /** Distinct keys; undefined if there were more than are counted exactly. */
  readonly keys?: number;
  /** Counts may be too low by this much, and a key not listed may have as many: 0 means exact. */
  readonly error: number;
  readonly top: readonly SummaryRow[];
}

/** Upper ends of the classes of time left, in seconds. */
const TIME_CLASSES: readonly (readonly [seconds: number, name: string])[] = [
  [0, "0 s"],
  [10, "up to 10 s"],
  [30, "up to 30 s"],
  [60, "up to 1 min"],
  [120, "up to 2 min"],
  [300, "up to 5 min"],
  [600, "up to 10 min"],
  [3600, "up to 1 h"],
  [7440, "up to 2 h 4 min"],
  [86_400, "up to 1 day"],
  [432_000, "up to 5 days"],
  [Number.POSITIVE_INFINITY, "over 5 days"],
];

/** How far an entry without a state of its own has come, told by its status. */
const PROGRESS = ["unreplied", "replied", "assured"] as const;

/** Counts entries by a key, in bounded memory. */
export class FlowSummary {
  readonly by: SummaryKey;
  readonly #tally: KeyTally;
  readonly #add: (entry: ConnectionEntry) => void;
  #side: Side | undefined;

  constructor(by: SummaryKey, exactKeys: number = EXACT_KEYS) {
    this.by = by;
    this.#tally = new KeyTally(exactKeys);
    this.#add = this.#adder();
  }

  add(entry: ConnectionEntry): void {
    this.#add(entry);
  }

  /** The `top` most frequent keys, and how exact they are. */
  result(top: number): Summary {
    const { total, size, error } = this.#tally;
    return {
      by: this.by,
      connections: total,
      ...(error === 0 ? { keys: size } : {}),
      error,
      top: this.#tally.top(top).map((row) => ({
        key: this.#name(row),
        connections: row.count,
        share: total === 0 ? 0 : row.count / total,
      })),
    };
  }

  #adder(): (entry: ConnectionEntry) => void {
    const tally = this.#tally;
    if (this.by === "protocol") return ({ original }) => tally.add(0, 0, 0, original.protocol);
    if (this.by === "state") {
      return (entry) => tally.add(0, 0, condition(entry), entry.original.protocol);
    }
    if (this.by === "timeout") {
      return ({ timeout }) =>
        tally.add(
          0,
          0,
          0,
          TIME_CLASSES.findIndex(([end]) => timeout <= end),
        );
    }
    if (this.by === "port") {
      return ({ original }) =>
        tally.add(0, 0, original.protocol, PORT_PROTOCOLS.has(original.protocol) ? original.destinationPort : 0x10000);
    }
    if (this.by === "destination") {
      return (entry) => {
        const side = (this.#side ??= makeSide(entry));
        side.isSource = false;
        tallyAddress(tally, entry, side);
      };
    }
    const find = this.by === "pool" ? toPool : toSubscriber;
    return (entry) => {
      const side = (this.#side ??= makeSide(entry));
      if (find(side, entry)) tallyAddress(tally, entry, side);
      else tally.add(0, 0, 0, 0);
    };
  }

  #name({ key }: Tallied): string {
    const [, , c, d] = key;
    switch (this.by) {
      case "protocol":
        return protocolName(d);
      case "state":
        return conditionName(c, d);
      case "timeout":
        return TIME_CLASSES[d]?.[1] ?? "";
      case "port":
        return d > 0xffff ? protocolName(c) : `${protocolName(c)}/${d}`;
      case "subscriber":
      case "pool":
      case "destination":
        return addressOfKey(key) ?? (this.by === "pool" ? "not translated" : "no address");
    }
  }
}

/** The state, or, after all states, how far it has come. */
function condition(entry: ConnectionEntry): number {
  const state = protocolState(entry);
  if (state >= 0) return state;
  const { status } = entry;
  return PROTOCOL_STATES.length + ((status & STATUS.seenReply) === 0 ? 0 : (status & STATUS.assured) === 0 ? 1 : 2);
}

function conditionName(condition: number, protocol: number): string {
  const name = PROTOCOL_STATES[condition] ?? PROGRESS[condition - PROTOCOL_STATES.length] ?? "";
  return `${protocolName(protocol)} ${name}`;
}
