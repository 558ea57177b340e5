import type { ThreadFailure } from "../../kernel/thread-failure.ts";
import type { EngineSetup } from "./engine.ts";

/** What a thread of the packet engine does. */
export type PacketRole = "send" | "respond" | "collect";

/** What all three threads share; the memory is the same, not a copy. */
export interface SharedState {
  /** Indexed by `SLOT`; changed by Atomics only. */
  readonly slots: Int32Array;
  /** One bit for each connection. */
  readonly delivered: Int32Array;
  readonly answered: Int32Array;
  readonly acknowledged: Int32Array;
}

/** What a thread is told at its start. */
export interface PacketThreadData {
  readonly role: PacketRole;
  readonly setup: EngineSetup;
  readonly shared: SharedState;
}

/** Counters, and the signal to stop. `seen`: packets that reached the outside, repetitions included. */
export const SLOT = {
  frames: 0,
  delivered: 1,
  answered: 2,
  acknowledged: 3,
  strays: 4,
  moved: 5,
  seen: 6,
  stop: 7,
} as const;

/** The next connections to send for. */
export interface SendOrder {
  readonly first: number;
  readonly count: number;
  readonly onlyIncomplete: boolean;
}

/** What a thread says: it is ready, has done what it was told, has a result; or that it failed and has ended. */
export type ThreadMessage = "ready" | "done" | ResponderResult | { readonly failure: ThreadFailure };

/** What the responder knows at the end; typed arrays by subscriber, 0 where none was seen. */
export interface ResponderResult {
  readonly publicAddresses: ReadonlyMap<number, { connections: number; first: number; last: number }>;
  readonly mappedAddress: Uint32Array;
  readonly firstPort: Uint16Array;
  readonly lastPort: Uint16Array;
}

/** Fresh state for a set of connections. */
export function createSharedState(connections: number): SharedState {
  return {
    slots: sharedWords(Object.keys(SLOT).length),
    delivered: sharedWords(Math.ceil(connections / 32)),
    answered: sharedWords(Math.ceil(connections / 32)),
    acknowledged: sharedWords(Math.ceil(connections / 32)),
  };
}

/** Sets the connection's bit and says whether it was clear. */
export function markOnce(marks: Int32Array, index: number): boolean {
  const bit = 1 << (index & 31);
  return (Atomics.or(marks, index >>> 5, bit) & bit) === 0;
}

/** Says whether the connection's bit is set. */
export function isMarked(marks: Int32Array, index: number): boolean {
  return (Atomics.load(marks, index >>> 5) & (1 << (index & 31))) !== 0;
}

function sharedWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * 4));
}
