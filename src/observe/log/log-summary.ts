import type { LogRecord } from "../../kernel/kernel-log.ts";
import { classify, type LogKind, type LogMatch } from "./log-kinds.ts";

/** Messages of one kind about one thing. */
export interface LogFinding {
  readonly kind: LogKind;
  readonly of: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** The last of them as the kernel wrote it. */
  readonly text: string;
}

/** Further things of a kind beyond these are counted together: a scan may forge any number of sources. */
const MAX_OF_A_KIND = 64;
const OTHERS = "others";

/** Gathers what the messages of the kernel say of NAT. Pure: fed with records, it keeps counts. */
export class LogSummary {
  readonly #epoch: number;
  readonly #findings = new Map<string, { -readonly [K in keyof LogFinding]: LogFinding[K] }>();
  readonly #sizes = new Map<string, number>();
  #next: number | undefined;
  /** Messages of any kind that were read. */
  records = 0;
  /** Messages that were overwritten before they could be read, since reading began. */
  missed = 0;
  /** Messages since boot that were overwritten before reading began. */
  before = 0;
  /** When the oldest message still there was written, milliseconds since 1970. */
  oldest: number | undefined;

  /** `epoch`: when the log's clock stood at 0, milliseconds since 1970. */
  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Takes the next record; gives what it says of NAT. */
  add(record: LogRecord): LogMatch | undefined {
    this.records++;
    if (this.#next === undefined) {
      this.before = record.sequence;
      this.oldest = this.timeOf(record);
    } else this.missed += Math.max(0, record.sequence - this.#next);
    this.#next = record.sequence + 1;
    const match = classify(record.text);
    if (match !== undefined) this.#count(match, record);
    return match;
  }

  /** When the record was written, milliseconds since 1970. */
  timeOf({ microseconds }: LogRecord): number {
    return Math.round(this.#epoch + microseconds / 1000);
  }

  /** What was found: losses first, then the latest. */
  get findings(): LogFinding[] {
    return [...this.#findings.values()]
      .map((finding) => ({ ...finding }))
      .toSorted((a, b) => Number(b.kind.tells === "loss") - Number(a.kind.tells === "loss") || b.last - a.last);
  }

  #count({ kind, of, count }: LogMatch, record: LogRecord): void {
    const time = this.timeOf(record);
    const size = this.#sizes.get(kind.id) ?? 0;
    const about = this.#findings.has(`${kind.id} ${of}`) || size < MAX_OF_A_KIND ? of : OTHERS;
    const found = this.#findings.get(`${kind.id} ${about}`);
    if (found === undefined) {
      this.#sizes.set(kind.id, size + 1);
      this.#findings.set(`${kind.id} ${about}`, { kind, of: about, count, first: time, last: time, text: record.text });
      return;
    }
    found.count += count;
    found.last = Math.max(found.last, time);
    found.first = Math.min(found.first, time);
    found.text = record.text;
  }
}
