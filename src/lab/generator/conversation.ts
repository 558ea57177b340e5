import type { Worker } from "node:worker_threads";
import { endThread } from "../../kernel/thread.ts";
import { unpackFailure } from "../../kernel/thread-failure.ts";
import type { ThreadMessage } from "./packet-threads.ts";

interface Waiting {
  readonly resolve: (message: Exclude<ThreadMessage, { failure: unknown }>) => void;
  readonly reject: (error: unknown) => void;
}

/** Talks to a thread of the packet engine, one question at a time. */
export class Conversation {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #failure: unknown;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: ThreadMessage) => {
      if (typeof message === "object" && "failure" in message) this.#fail(unpackFailure(message.failure));
      else this.#take()?.resolve(message);
    });
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("a thread of the generator has ended")));
  }

  /** What the thread says next; rejects with what ended it. */
  next(): Promise<Exclude<ThreadMessage, { failure: unknown }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure === undefined) this.#waiting = { resolve, reject };
      else reject(this.#failure);
    });
  }

  /** Tells the thread something and gives its answer. */
  ask(message: unknown): Promise<Exclude<ThreadMessage, { failure: unknown }>> {
    const answer = this.next();
    this.#worker.postMessage(message, []);
    return answer;
  }

  /** Ends the thread. */
  async end(): Promise<void> {
    await endThread(this.#worker);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#take()?.reject(error);
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
