import { scanConntrack } from "../../kernel/conntrack/scan.ts";
import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { packFailure } from "../../kernel/thread-failure.ts";
import { readSubscriber } from "./subscriber-connections.ts";
import { Survey, type SubscriberQuestion, type SurveyReport } from "./survey.ts";
import type { SurveyAnswer, SurveyOrder, SurveySetup } from "./survey-order.ts";

interface Last {
  readonly survey: Survey;
  readonly entries: number;
  /** The middle of the reading, in milliseconds: an entry is read half-way through on average. */
  readonly middle: number;
  readonly seconds: number | undefined;
  /** False if entries may be missing from it: then it cannot say what is new. */
  readonly comparable: boolean;
}

/** Reads the table when asked and remembers the last reading; blocks its thread meanwhile. */
export class Surveyor {
  readonly #setup: SurveySetup;
  #last: Last | undefined;

  constructor(setup: SurveySetup) {
    this.#setup = setup;
  }

  answer(order: SurveyOrder): SurveyAnswer {
    try {
      switch (order.kind) {
        case "survey":
          return { kind: "survey", report: this.#survey(order.question) };
        case "rows":
          return { kind: "rows", rows: this.#last?.survey.subscribers(order.question, this.#last.seconds) };
        case "subscriber":
          return {
            kind: "subscriber",
            connections: readSubscriber(this.#setup.namespace, order.address, order.rows),
          };
      }
    } catch (error) {
      return { kind: "failure", failure: packFailure(error) };
    }
  }

  #survey(question: SubscriberQuestion): SurveyReport {
    const { namespace, supplies } = this.#setup;
    const before = this.#last?.comparable === true ? this.#last : undefined;
    const survey = new Survey(readConntrackCount(namespace), supplies, before?.survey.seen);
    const began = performance.now();
    const scan = scanConntrack(namespace, { family: 0 }, (entry) => survey.add(entry));
    const middle = began + scan.seconds * 500;
    const seconds = before === undefined ? undefined : (middle - before.middle) / 1000;
    this.#last = { survey, entries: scan.entries, middle, seconds, comparable: !scan.resized && scan.malformed === 0 };
    return {
      ...survey.subscribers(question, seconds),
      scan,
      seconds,
      newPerSecond: survey.newPerSecond(seconds),
      grown: before === undefined ? undefined : scan.entries - before.entries,
      addresses: survey.addresses(),
    };
  }
}
