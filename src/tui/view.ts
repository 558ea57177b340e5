import type { CauseId } from "../observe/drops/cause.ts";
import type { SubscriberConnections } from "../observe/survey/subscriber-connections.ts";

/** Something that cannot be shown, and why; or that will come. */
export interface Unavailable {
  readonly unavailable: string;
}

/** The connection table. What this kernel or our rights do not tell is undefined. */
export interface TableView {
  readonly connections: number | undefined;
  readonly max: number | undefined;
  /** 0 to 1. */
  readonly share: number | undefined;
  readonly buckets: number | undefined;
  readonly meanChain: number | undefined;
  /** Connections more (or less) a second, over the last seconds. */
  readonly netPerSecond: number | undefined;
  /** Until the table is full if that goes on; undefined: it does not grow. */
  readonly secondsToFull: number | undefined;
}

/** What happens in the table, a second. */
export interface RatesView {
  /** From one survey to the next: without connections that came and went between them. */
  readonly new: number | undefined;
  readonly destroyed: number | undefined;
  readonly insertFailed: number | undefined;
  readonly drop: number | undefined;
  readonly earlyDrop: number | undefined;
}

/** How old the figures of the survey are: addresses, subscribers, new and destroyed. */
export interface SurveyView {
  /** Seconds since the table was read. */
  readonly age: number;
  /** How long the reading took. */
  readonly seconds: number;
  /** Seconds from one reading to the next. */
  readonly interval: number;
  readonly entries: number;
  /** False if the kernel said that entries may be missing or double. */
  readonly consistent: boolean;
}

/** A public address and the destination that takes most of its ports. */
export interface AddressView {
  readonly address: string;
  readonly connections: number;
  /** Undefined: nothing goes out by it, or so many destinations that none stands out. */
  readonly fullest:
    | {
        readonly protocol: string;
        readonly destination: string;
        readonly destinationPort: number;
        readonly used: number;
        readonly ports: { readonly first: number; readonly last: number };
        /** 0 to 1. */
        readonly occupancy: number;
        readonly refusalChance: number;
      }
    | undefined;
}

/** A subscriber. */
export interface SubscriberView {
  readonly address: string;
  readonly connections: number;
  readonly newPerSecond: number | undefined;
  /** Of all connections, 0 to 1. */
  readonly share: number;
}

/** Packets dropped for one cause. */
export interface DropView {
  readonly cause: CauseId;
  readonly title: string;
  readonly perSecond: number;
  /** Since the start. */
  readonly packets: number;
}

/** What the processors do. */
export interface CpuView {
  /** Of the time that is not idle, 0 to 1. */
  readonly nat: number;
  /** Of all time, 0 to 1. */
  readonly busy: number;
  readonly parts: readonly { readonly id: string; readonly title: string; readonly share: number }[];
}

/** Everything a frame shows: the object of `--json`. */
export interface TopView {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly namespace: string | undefined;
  /** Seconds from one frame to the next. */
  readonly interval: number;
  readonly table: TableView;
  /** What of the counters could not be read and why, in sentences. */
  readonly missing: readonly string[];
  readonly rates: RatesView;
  readonly survey: SurveyView | Unavailable;
  readonly addresses: readonly AddressView[];
  readonly subscribers: {
    readonly order: "connections" | "new";
    readonly filter: string;
    /** All there are; undefined if there are too many to count exactly. */
    readonly total: number | undefined;
    /** Counts may be too low by this much. */
    readonly error: number;
    readonly rows: readonly SubscriberView[];
  };
  readonly drops: { readonly causes: readonly DropView[]; readonly limits: readonly string[] } | Unavailable;
  readonly cpu: CpuView | Unavailable;
  /** The subscriber looked into. */
  readonly subscriber?: (SubscriberConnections & { readonly age: number }) | Unavailable;
}
