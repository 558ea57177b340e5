import type { Worker } from "node:worker_threads";
import { endThread, startThread } from "../../kernel/thread.ts";
import { unpackFailure } from "../../kernel/thread-failure.ts";
import type { SubscriberConnections } from "./subscriber-connections.ts";
import type { SubscriberQuestion, SubscriberRows, SurveyReport } from "./survey.ts";
import type { SurveyAnswer, SurveyOrder, SurveySetup } from "./survey-order.ts";

interface Waiting {
  readonly resolve: (answer: Exclude<SurveyAnswer, { kind: "failure" }>) => void;
  readonly reject: (error: Error) => void;
}

/** Reads the connection table in a thread of its own, again and again; orders are carried out one after the other. */
export class SurveyThread {
  readonly #thread: Worker;
  readonly #waiting: Waiting[] = [];

  constructor(setup: SurveySetup) {
    this.#thread = startThread("./survey-worker", import.meta.url, setup);
    this.#thread.on("message", (answer: SurveyAnswer) => {
      const first = this.#waiting.shift();
      if (answer.kind === "failure") first?.reject(unpackFailure(answer.failure));
      else first?.resolve(answer);
    });
    this.#thread.on("error", (error: Error) => this.#fail(error));
    this.#thread.on("exit", () => this.#fail(new Error("the thread that reads the connection table has ended")));
  }

  /** Reads the table; rejects with what the kernel refused. */
  async survey(question: SubscriberQuestion): Promise<SurveyReport> {
    const answer = await this.#ask({ kind: "survey", question });
    if (answer.kind !== "survey") throw new Error("the thread answered another question");
    return answer.report;
  }

  /** Other subscribers of the last survey; undefined if there was none. */
  async rows(question: SubscriberQuestion): Promise<SubscriberRows | undefined> {
    const answer = await this.#ask({ kind: "rows", question });
    if (answer.kind !== "rows") throw new Error("the thread answered another question");
    return answer.rows;
  }

  /** The connections of one subscriber as they are now. */
  async subscriber(address: string, rows: number): Promise<SubscriberConnections> {
    const answer = await this.#ask({ kind: "subscriber", address, rows });
    if (answer.kind !== "subscriber") throw new Error("the thread answered another question");
    return answer.connections;
  }

  /** Ends the thread, in the middle of a reading if need be. */
  async close(): Promise<void> {
    this.#waiting.length = 0;
    await endThread(this.#thread);
  }

  #ask(order: SurveyOrder): Promise<Exclude<SurveyAnswer, { kind: "failure" }>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#thread.postMessage(order, []);
    });
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
