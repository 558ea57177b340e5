import type { NamespaceName } from "../kernel/namespace.ts";
import type { PortSupply } from "../observe/flows/port-use.ts";
import type { SubscriberQuestion } from "../observe/survey/survey.ts";
import { SurveyThread } from "../observe/survey/survey-thread.ts";
import { begin, observed, type Observation, type TopModel } from "./model.ts";
import { words } from "./sensors.ts";

/** What to watch. */
export interface WatchSetup {
  readonly namespace: NamespaceName;
  /** Seconds from one frame to the next. */
  readonly interval: number;
  /** The ports of public addresses, if a gateway file tells them. */
  readonly supplies: readonly PortSupply[];
  readonly question: Pick<SubscriberQuestion, "order" | "filter">;
  /** Subscribers to ask for. */
  readonly rows: number;
}

/** The table is read for a twentieth of the time at most. */
const REST_FACTOR = 19;
const LEAST_SURVEY_REST = 2;
const LEAST_SUBSCRIBER_REST = 1;
/** Of the subscriber looked into. */
const MOST_CONNECTIONS = 2000;

/** Reads the table as often as its size allows and keeps the model, from its making until `close`. */
export class TopWatch {
  model: TopModel;
  readonly #setup: WatchSetup;
  readonly #thread: SurveyThread;
  #question: WatchSetup["question"];
  #subscriber: string | undefined;
  #closed = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(setup: WatchSetup) {
    this.#setup = setup;
    const { namespace, interval, supplies, question } = setup;
    this.#question = question;
    this.model = begin({ namespace, interval, supplies, question });
    this.#thread = new SurveyThread({ namespace, supplies });
  }

  /** Takes in what the sensors saw. */
  see(seen: Observation): void {
    this.model = observed(this.model, seen);
  }

  /** Reads the table now. Never rejects: what went wrong is in the model. */
  async survey(): Promise<void> {
    const { rows } = this.#setup;
    try {
      const report = await this.#thread.survey({ ...this.#question, rows });
      const at = performance.now();
      this.see({ kind: "survey", report, at, nextAt: at + 1000 * this.#restAfter(report.scan.seconds) });
    } catch (error) {
      this.see({ kind: "survey-failed", why: words(error) });
    }
  }

  /** Reads the table again and again. */
  async surveyOn(): Promise<void> {
    await this.survey();
    const { survey, nextSurveyAt } = this.model;
    const wait = "unavailable" in survey ? 5000 : nextSurveyAt - performance.now();
    this.#later(wait, () => this.surveyOn());
  }

  /** Asks for other subscribers of the last survey. */
  async ask(question: WatchSetup["question"]): Promise<void> {
    this.#question = question;
    try {
      const rows = await this.#thread.rows({ ...question, rows: this.#setup.rows });
      this.see({ kind: "rows", question, rows });
    } catch (error) {
      this.see({ kind: "survey-failed", why: words(error) });
    }
  }

  /** Reads the connections of a subscriber from now on, or of none. */
  async lookInto(subscriber: string | undefined): Promise<void> {
    this.#subscriber = subscriber;
    this.see({ kind: "no-subscriber" });
    if (subscriber !== undefined) await this.#readSubscriber(subscriber);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#thread.close();
  }

  async #readSubscriber(address: string): Promise<void> {
    let rest = LEAST_SUBSCRIBER_REST;
    try {
      const connections = await this.#thread.subscriber(address, MOST_CONNECTIONS);
      rest = Math.max(rest, REST_FACTOR * connections.seconds);
      if (this.#subscriber !== address) return;
      this.see({ kind: "subscriber", connections, at: performance.now() });
    } catch (error) {
      if (this.#subscriber !== address) return;
      this.see({ kind: "subscriber", connections: { unavailable: words(error) }, at: performance.now() });
    }
    this.#later(1000 * rest, async () => {
      if (this.#subscriber === address) await this.#readSubscriber(address);
    });
  }

  #restAfter(seconds: number): number {
    return Math.max(LEAST_SURVEY_REST, this.#setup.interval, REST_FACTOR * seconds);
  }

  #later(milliseconds: number, run: () => Promise<void>): void {
    if (this.#closed) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void run();
      },
      Math.max(0, milliseconds),
    );
    this.#timers.add(timer);
  }
}
