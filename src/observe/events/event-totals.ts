import type { EventKind } from "../../kernel/conntrack/event-socket.ts";

/** How many events of each kind. */
export type KindCounts = Record<EventKind, number>;

/** What became of the events the kernel had for us. `seen` and `lost` together are all of them. */
export interface EventTotals {
  /** Received, printed or not. */
  readonly seen: KindCounts;
  /** Lost in the kernel because its queue for us was full, by the socket's own count; of whatever kind. */
  readonly lost: number;
  /** How often the kernel said that its queue was full (ENOBUFS). */
  readonly overruns: number;
  /** Received and counted, but not printed because whoever reads our output was too slow. */
  readonly unprinted: KindCounts;
  /** Messages that could not be read. */
  readonly malformed: number;
  /** How often the table was read anew after a loss. */
  readonly resyncs: number;
}

/** Nothing yet. */
export function noEvents(): { -readonly [K in keyof EventTotals]: EventTotals[K] } {
  return { seen: noKinds(), lost: 0, overruns: 0, unprinted: noKinds(), malformed: 0, resyncs: 0 };
}

/** Zero of each kind. */
export function noKinds(): KindCounts {
  return { new: 0, update: 0, destroy: 0 };
}

/** All kinds together. */
export function sumKinds({ new: made, update, destroy }: KindCounts): number {
  return made + update + destroy;
}
