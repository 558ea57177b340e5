import type { Worker } from "node:worker_threads";
import type { NamespaceName } from "../namespace.ts";
import { endThread, startThread } from "../thread.ts";
import { unpackFailure, type ThreadFailure } from "../thread-failure.ts";
import { keepDispatched } from "./dispatched.ts";
import type { BpfProgram } from "./program.ts";
import type { TimedFrames } from "./timed-frames.ts";

/** What the thread is told at its start. */
export interface LiveFramesSetup {
  readonly namespace: NamespaceName;
  readonly programFd: number;
  readonly frame: Uint8Array;
  /** The CPU to stay on; undefined: any. */
  readonly cpu?: number;
}

/** What the thread is told to send: so many frames, or for so long. */
export type LiveFramesOrder = { readonly count: number } | TimedFrames;

/** What the thread answers to a slice. */
export type SliceDone = SliceResult | { readonly failure: ThreadFailure };

/** What became of a slice. */
export interface SliceResult {
  /** False if a signal ended it early. */
  readonly completed: boolean;
  /** From the first frame to the last, as the thread saw it. */
  readonly nanoseconds: number;
}

interface Settle {
  readonly resolve: (result: SliceResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends live frames of an XDP program from a thread of its own, slice by slice, so that the event loop lives on and
 * the sender can be stopped or slowed between two slices.
 */
export class LiveFrames {
  readonly #worker: Worker;
  readonly #dispatched: { close(): void };
  #settle: Settle | undefined;

  private constructor(worker: Worker, dispatched: { close(): void }) {
    this.#worker = worker;
    this.#dispatched = dispatched;
    this.#worker.on("message", (done: SliceDone) => {
      if ("failure" in done) this.#take()?.reject(unpackFailure(done.failure));
      else this.#take()?.resolve(done);
    });
    this.#worker.on("error", (error) => this.#take()?.reject(error));
    this.#worker.on("exit", () => this.#take()?.reject(new Error("the thread that sends live frames has ended")));
  }

  /** Starts the thread, on one CPU if it is named; the program's object must stay open until `close`. */
  static async start(
    namespace: NamespaceName,
    program: BpfProgram,
    frame: Uint8Array,
    cpu?: number,
  ): Promise<LiveFrames> {
    const setup: LiveFramesSetup = { namespace, programFd: program.fd, frame, ...(cpu === undefined ? {} : { cpu }) };
    const frames = new LiveFrames(startThread("./live-frames-worker", import.meta.url, setup), keepDispatched(program));
    // The thread reports when it is ready as if it had sent a slice.
    await frames.#expect();
    return frames;
  }

  /** Runs the program `count` times; false if a signal ended it early. One slice at a time. */
  async run(count: number): Promise<boolean> {
    return (await this.#order({ count })).completed;
  }

  /** Runs the program for a time; how often, it must count itself. One slice at a time. */
  async runFor(timed: TimedFrames): Promise<SliceResult> {
    return await this.#order(timed);
  }

  /** Ends the thread; a slice under way is completed first. */
  async close(): Promise<void> {
    await endThread(this.#worker);
    this.#dispatched.close();
  }

  #order(order: LiveFramesOrder): Promise<SliceResult> {
    if (this.#settle !== undefined) throw new TypeError("a slice of live frames is under way");
    const done = this.#expect();
    this.#worker.postMessage(order, []);
    return done;
  }

  #expect(): Promise<SliceResult> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  #take(): Settle | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    return settle;
  }
}
