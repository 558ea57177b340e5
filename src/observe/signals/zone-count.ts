import type { FlowSignal, StrayAnswer, ZoneSignal } from "../../diagnose/signals/table.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { flowSignal, zoneOf } from "./flow.ts";
import { Reservoir } from "./reservoir.ts";

const AF_INET = 2;
/** Unanswered connections of which the answer is looked for, of zone 0 and of the others. */
const KEPT = 64;

interface Sample {
  readonly flow: FlowSignal;
  /** What an answer to it looks like. */
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
}

/** Counts connections by zone, and finds answers that went to another zone than the question. Two passes. */
export class ZoneCount {
  readonly #now: number;
  readonly #zones = new Map<number, { count: number; unreplied: number }>();
  readonly #usual = new Reservoir<Sample>(KEPT);
  readonly #others = new Reservoir<Sample>(KEPT);
  #byAnswerer: Map<number, Sample[]> | undefined;
  readonly #found: StrayAnswer[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  add(entry: ConnectionEntry): void {
    const zone = zoneOf(entry);
    let count = this.#zones.get(zone);
    if (count === undefined) this.#zones.set(zone, (count = { count: 0, unreplied: 0 }));
    count.count++;
    if ((entry.status & STATUS.seenReply) !== 0) return;
    count.unreplied++;
    if (entry.reply.family === AF_INET) (zone === 0 ? this.#usual : this.#others).offer(() => this.#sample(entry));
  }

  /** Says whether there is more than one zone, so that a second pass with `attribute` can find anything. */
  get several(): boolean {
    return this.#zones.size > 1;
  }

  attribute(entry: ConnectionEntry): void {
    const { family, source, sourcePort, destination, destinationPort, protocol } = entry.original;
    if (family !== AF_INET) return;
    const samples = this.#answerers().get(source);
    if (samples === undefined) return;
    for (const sample of samples) {
      if (sample.sourcePort !== sourcePort || sample.destination !== destination) continue;
      if (sample.destinationPort !== destinationPort || sample.flow.protocol !== protocol) continue;
      if (sample.flow.zone !== zoneOf(entry)) {
        this.#found.push({ flow: sample.flow, answer: flowSignal(entry, this.#now) });
      }
    }
  }

  /** The largest first. */
  get zones(): ZoneSignal[] {
    return [...this.#zones]
      .map(([zone, { count, unreplied }]) => ({ key: String(zone), count, unreplied }))
      .toSorted((a, b) => b.count - a.count);
  }

  get strayAnswers(): readonly StrayAnswer[] {
    return this.#found;
  }

  #answerers(): Map<number, Sample[]> {
    if (this.#byAnswerer !== undefined) return this.#byAnswerer;
    const found = new Map<number, Sample[]>();
    for (const sample of [...this.#usual.kept, ...this.#others.kept]) {
      const known = found.get(sample.source);
      if (known === undefined) found.set(sample.source, [sample]);
      else known.push(sample);
    }
    this.#byAnswerer = found;
    return found;
  }

  #sample(entry: ConnectionEntry): Sample {
    const { source, sourcePort, destination, destinationPort } = entry.reply;
    return { flow: flowSignal(entry, this.#now), source, sourcePort, destination, destinationPort };
  }
}
