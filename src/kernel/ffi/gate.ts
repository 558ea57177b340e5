import { isMainThread, workerData } from "node:worker_threads";

/**
 * The gate between a thread's JavaScript and foreign functions. A thread that is ended while it is beyond, or steps
 * over just then, takes the whole process along: the result of the call cannot be handed to a JavaScript that may no
 * longer run, which is fatal (node-addon-api, `ThrowAsJavaScriptException`). So a gate is closed first, and who ends
 * the thread waits until it is on this side.
 *
 * One 32-bit word that both threads see.
 */
export type Gate = Int32Array<SharedArrayBuffer>;

/** What a thread is started with. */
export interface ThreadStart {
  readonly setup: unknown;
  readonly gate: Gate;
}

const STATE = { open: 0, beyond: 1, awaited: 2, closed: 3 } as const;

/** A gate, open. */
export function newGate(): Gate {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Closes a thread's gate from outside; false while the thread is beyond it, which closes it when it comes back. */
export function closeGate(gate: Gate): boolean {
  if (Atomics.compareExchange(gate, 0, STATE.open, STATE.closed) === STATE.open) return true;
  Atomics.compareExchange(gate, 0, STATE.beyond, STATE.awaited);
  return Atomics.load(gate, 0) === STATE.closed;
}

/** Closes a gate, and blocks the calling thread until that is done, at most so many milliseconds. */
export function closeGateNow(gate: Gate, milliseconds: number): void {
  if (!closeGate(gate)) Atomics.wait(gate, 0, STATE.awaited, milliseconds);
}

/** The calling thread's own; the main thread has none, as nobody ends it but itself. */
const own = isMainThread ? undefined : (workerData as Partial<ThreadStart> | null)?.gate;
/** A foreign function may call back, and that may call another. */
let depth = 0;

/** Goes through the gate. If it is closed, the thread waits here for its end. */
export function enter(): void {
  if (own === undefined || depth++ > 0) return;
  if (Atomics.compareExchange(own, 0, STATE.open, STATE.beyond) !== STATE.open) awaitEnd(own);
}

/** Comes back. If somebody waits for that, the thread stays here until its end. */
export function leave(): void {
  if (own === undefined || --depth > 0) return;
  if (Atomics.compareExchange(own, 0, STATE.beyond, STATE.open) === STATE.beyond) return;
  Atomics.store(own, 0, STATE.closed);
  Atomics.notify(own, 0);
  awaitEnd(own);
}

/** Does something beyond the gate. */
export function beyondGate<T>(something: () => T): T {
  enter();
  try {
    return something();
  } finally {
    leave();
  }
}

/** Node.js wakes a thread that waits so to end it. */
function awaitEnd(gate: Gate): never {
  for (;;) Atomics.wait(gate, 0, STATE.closed);
}
