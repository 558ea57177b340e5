import { scanConntrack, type ScanResult } from "../../kernel/conntrack/scan.ts";
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

/** The kernel's table. */
const TABLE = { count: readConntrackCount, scan: scanConntrack };
/** A table that is resized meanwhile is read so often at most. */
const MOST_READINGS = 3;

/** Reads the table when asked and remembers the last reading; blocks its thread meanwhile. */
export class Surveyor {
  readonly #setup: SurveySetup;
  readonly #table: typeof TABLE;
  #last: Last | undefined;

  /** Tests have a table of their own. */
  constructor(setup: SurveySetup, table = TABLE) {
    this.#setup = setup;
    this.#table = table;
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
    const before = this.#last?.comparable === true ? this.#last : undefined;
    let { survey, began, scan } = this.#read(before);
    for (let readings = 1; scan.resized && readings < MOST_READINGS; readings++)
      ({ survey, began, scan } = this.#read(before));
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

  #read(before: Last | undefined): { survey: Survey; began: number; scan: ScanResult } {
    const { namespace, supplies } = this.#setup;
    const survey = new Survey(this.#table.count(namespace), supplies, before?.survey.seen);
    const began = performance.now();
    return { survey, began, scan: this.#table.scan(namespace, { family: 0 }, (entry) => survey.add(entry)) };
  }
}
