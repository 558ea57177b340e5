import type { Worker } from "node:worker_threads";
import type { EventFilter } from "../../kernel/conntrack/event-filter.ts";
import type { EventKind } from "../../kernel/conntrack/event-socket.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { endThread, startThread } from "../../kernel/thread.ts";
import { unpackFailure, type ThreadFailure } from "../../kernel/thread-failure.ts";
import type { EventTotals } from "./event-totals.ts";

/** What to listen to, and how to say it. */
export interface EventStreamOptions {
  readonly namespace: NamespaceName;
  readonly kinds: readonly EventKind[];
  readonly filter: EventFilter;
  readonly form: "text" | "json";
  /** How much the kernel may queue for us, in bytes of its memory. */
  readonly bufferBytes: number;
  /** How much output may wait for its reader before events are counted and not printed. */
  readonly outputBytes: number;
  /** After a loss, when it is over, print the table as it is then. */
  readonly resync: boolean;
  /** Stop after so many events. */
  readonly limit?: number | undefined;
  /** Where the fast path counts what it forwards of each connection: a name in the eBPF file system. */
  readonly shares?: string;
}

/** What the thread is told at its start. */
export interface EventThreadSetup extends EventStreamOptions {
  /** `CONTROL` words. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** Words that both threads see. */
export const CONTROL = { stop: 0, waiting: 1, words: 2 } as const;

/** How the listening began. */
export interface EventsBegun {
  readonly bufferBytes: number;
  /** net.netfilter.nf_conntrack_events: 0 none, 1 all, 2 only connections made while someone listens. */
  readonly events: number | undefined;
}

/** What the thread says. */
export type FromEventThread =
  | { readonly begun: EventsBegun }
  | { readonly lines: Uint8Array<ArrayBuffer> }
  | { readonly ended: EventTotals }
  | { readonly failure: ThreadFailure };

/** Where the stream goes. */
export interface EventSink {
  /** The kernel listens; no event before this is in the stream. */
  readonly begin: (begun: EventsBegun) => Promise<void>;
  /** Takes whole lines; fulfilled when it can take more. */
  readonly write: (lines: string) => Promise<void>;
}

/**
 * Writes every event as a line until the signal is aborted or the limit is reached. A thread waits for the kernel, so
 * that the event loop lives on, and goes on taking events from the kernel while the sink is slow: what then does not
 * fit in `outputBytes` is counted and not printed. Losses are lines of the stream themselves.
 */
export async function streamEvents(
  options: EventStreamOptions,
  sink: EventSink,
  signal: AbortSignal,
): Promise<EventTotals> {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL.words));
  const setup: EventThreadSetup = { ...options, control };
  const thread = startThread("./event-worker", import.meta.url, setup);
  const stop = (): void => {
    Atomics.store(control, CONTROL.stop, 1);
    Atomics.notify(control, CONTROL.stop);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    return await totalsOf(thread, sink, control);
  } finally {
    signal.removeEventListener("abort", stop);
    await endThread(thread);
  }
}

function totalsOf(thread: Worker, sink: EventSink, control: Int32Array<SharedArrayBuffer>): Promise<EventTotals> {
  return new Promise((resolve, reject) => {
    // Lines in the order they came, however slow the sink.
    let written = Promise.resolve();
    let ended = false;
    thread.on("message", (message: FromEventThread) => {
      if ("failure" in message) reject(unpackFailure(message.failure));
      else if ("ended" in message) {
        ended = true;
        written.then(() => resolve(message.ended), reject);
      } else if ("begun" in message) written = written.then(() => sink.begin(message.begun));
      else written = written.then(() => pass(message.lines, sink, control));
      written.catch(reject);
    });
    thread.on("error", reject);
    thread.on("exit", () => {
      // In good order, what it said may still be on its way to the sink.
      if (!ended) reject(new Error("the thread that listens to events has ended"));
    });
  });
}

async function pass(lines: Uint8Array, sink: EventSink, control: Int32Array<SharedArrayBuffer>): Promise<void> {
  await sink.write(Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString("latin1"));
  Atomics.sub(control, CONTROL.waiting, lines.length);
  Atomics.notify(control, CONTROL.waiting);
}
