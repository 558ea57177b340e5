import { formatIpv4 } from "../address/ipv4.ts";
import type { Probe, Uplink } from "../config/uplink.ts";
import { ConnectProbe } from "../kernel/connect-probe.ts";
import { EchoProbe } from "../kernel/echo-probe.ts";
import { KernelError } from "../kernel/error.ts";
import type { LinkPlace } from "../kernel/link-socket.ts";
import { firstCondition, nextCondition, type Condition } from "./health.ts";
import type { ReportedUplink } from "./report-file.ts";

/** The loss is counted over so long. */
const LOSS_OVER = 60_000;

/** After a pause as long as this, it is not the provider who did not answer. */
const LATE = 500;

/** One question: whether somebody answered it before the next was asked. */
interface Question {
  readonly at: number;
  answered: boolean;
}

/** An uplink, its probes, and what they have said. */
export class WatchedUplink {
  readonly uplink: Uplink;
  readonly interface: string;
  /** The preferred table. */
  readonly table: number;
  #condition: Condition;
  #since: Date;
  readonly #place: LinkPlace;
  #probes: (EchoProbe | ConnectProbe)[] = [];
  #questions: Question[] = [];
  #nextQuestion: number;
  #lastLook: number;

  constructor(uplink: Uplink, place: LinkPlace, table: number, up: boolean, now: number) {
    this.uplink = uplink;
    this.interface = place.interface;
    this.table = table;
    this.#place = place;
    this.#condition = firstCondition(up, now);
    this.#since = new Date();
    this.#nextQuestion = now;
    this.#lastLook = now;
  }

  get up(): boolean {
    return this.#condition.up;
  }

  /** Why it is down, as things stand now. */
  get cause(): string | undefined {
    const { up, carrier, answeringSince } = this.#condition;
    if (up) return undefined;
    if (!carrier) return `${this.interface} has no carrier`;
    const { probes, downAfter, upAfter } = this.uplink.health;
    if (answeringSince !== undefined) return `answers again, but not for ${upAfter / 1000} s yet`;
    const names = probes.map(({ address, port }) => formatIpv4(address) + (port === undefined ? "" : `:${port}`));
    return `no answer from ${names.join(" or ")} for ${downAfter / 1000} s`;
  }

  /** One look: takes answers, asks what is due, and says whether it went up or down. */
  look(now: number, carrier: boolean): boolean {
    const answered = this.#probes.map((probe) => probe.answered()).includes(true);
    const last = this.#questions.at(-1);
    if (answered && last !== undefined) last.answered = true;
    const before = this.#condition;
    const pause = now - this.#lastLook;
    const late = pause > LATE ? pause : 0;
    this.#lastLook = now;
    this.#condition = nextCondition(before, { now, carrier, answered, late }, this.uplink.health);
    if (now >= this.#nextQuestion) this.#ask(now, carrier);
    if (this.#condition.up === before.up) return false;
    this.#since = new Date();
    return true;
  }

  /** What there is to tell of it. The last question may still be answered, so it does not count. */
  report(): ReportedUplink {
    const { cause } = this;
    const over = this.#questions.slice(0, -1);
    return {
      link: this.uplink.link,
      interface: this.interface,
      table: this.table,
      up: this.up,
      since: this.#since.toISOString(),
      ...(cause === undefined ? {} : { cause }),
      asked: over.length,
      lost: over.filter(({ answered }) => !answered).length,
    };
  }

  close(): void {
    for (const probe of this.#probes) probe.close();
    this.#probes = [];
  }

  #ask(now: number, carrier: boolean): void {
    this.#nextQuestion = Math.max(now, this.#nextQuestion + this.uplink.health.interval);
    this.#questions = [...this.#questions.filter(({ at }) => now - at < LOSS_OVER), { at: now, answered: false }];
    if (!carrier) return;
    try {
      if (this.#probes.length === 0) this.#probes = this.uplink.health.probes.map((probe, i) => this.#open(probe, i));
      for (const probe of this.#probes) probe.ask();
    } catch (error) {
      // The interface is gone, or has been made anew: without an answer it will count as down.
      if (!(error instanceof KernelError)) throw error;
      this.close();
    }
  }

  #open({ address, port }: Probe, index: number): EchoProbe | ConnectProbe {
    if (port !== undefined) return new ConnectProbe(this.#place, address, port);
    return new EchoProbe(this.#place, address, process.pid + this.table * 16 + index);
  }
}
