import type { Worker } from "node:worker_threads";
import type { NamespaceName } from "../kernel/namespace.ts";
import { endThread, startThread } from "../kernel/thread.ts";
import { unpackFailure, type ThreadFailure } from "../kernel/thread-failure.ts";

/** The connections of the mark are gone, or why not. */
export interface Forgotten {
  readonly mark: number;
  readonly failure?: ThreadFailure;
}

/**
 * Deletes connections in a thread of its own: the kernel goes through its whole table, which another who does so may
 * hold up for seconds, and the other uplinks must be watched meanwhile.
 */
export class ForgetThread {
  readonly #thread: Worker;
  #forgotten: Forgotten[] = [];
  #failure: Error | undefined;

  constructor(namespace: NamespaceName) {
    this.#thread = startThread("./forget-worker", import.meta.url, { namespace });
    this.#thread.on("message", (one: Forgotten) => this.#forgotten.push(one));
    this.#thread.on("error", (error: Error) => {
      this.#failure = error;
    });
  }

  /** Begins to delete the connections whose mark this is. */
  forget(mark: number): void {
    this.#thread.postMessage(mark, []);
  }

  /** The marks that were done since the last look; throws what the kernel refused. */
  done(): number[] {
    const done = this.#forgotten;
    this.#forgotten = [];
    const failed = done.find(({ failure }) => failure !== undefined)?.failure;
    if (failed !== undefined) throw unpackFailure(failed);
    if (this.#failure !== undefined) throw this.#failure;
    return done.map(({ mark }) => mark);
  }

  close(): void {
    void endThread(this.#thread);
  }
}
