import { readConntrackStats, type ConntrackCounters } from "../../kernel/conntrack/statistics.ts";
import { KernelError } from "../../kernel/error.ts";
import { KernelLog } from "../../kernel/kernel-log.ts";
import { namespaceInode } from "../../kernel/network-directory.ts";
import { CounterWatch } from "../../observe/drops/counter-watch.ts";
import { DropWatch, type DropReport, type Watch } from "../../observe/drops/watch.ts";
import { classify } from "../../observe/log/log-kinds.ts";
import { recordProfile, type Recording } from "../../observe/profile/record.ts";

/** Counters of `conntrack -S` that tell of loss. */
const LOSSES = ["insertFailed", "drop", "earlyDrop", "invalid", "chainTooLong"] as const;

/** What one finds by hand on a host that loses packets. */
export interface Evidence {
  readonly drops: DropReport;
  /** By how much the counters of `conntrack -S` went up. */
  readonly conntrack: Readonly<Record<(typeof LOSSES)[number], number>>;
  /** Lines `table full` of the kernel's log, of this namespace where the kernel says of which. */
  readonly log: readonly string[];
  /** Where the CPUs spent their time; undefined where they may not be sampled. */
  readonly profile: Recording | undefined;
  /** What could not be seen, and why. */
  readonly limits: readonly string[];
}

/** More than the usual hundred: most of the work is done within a tenth of a second. */
const SAMPLES_PER_SECOND = 997;
const LONGEST_SECONDS = 3600;

/** Collects evidence in a namespace from now until `take`. */
export class EvidenceWatch {
  readonly #namespace: string;
  readonly #drops: Watch;
  readonly #before: ConntrackCounters;
  readonly #log: KernelLog | undefined;
  readonly #profiling = new AbortController();
  readonly #profile: Promise<Recording | undefined>;
  readonly #limits: string[] = [];

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#drops = openDrops(namespace);
    this.#before = readConntrackStats(namespace).sum;
    this.#log = this.#openLog();
    this.#profile = recordProfile(LONGEST_SECONDS, SAMPLES_PER_SECOND, this.#profiling.signal).catch((error: unknown) =>
      this.#unseen("the call graph", error),
    );
  }

  /** Ends watching and gives what was seen. */
  async take(): Promise<Evidence> {
    const drops = this.#drops.next();
    const after = readConntrackStats(this.#namespace).sum;
    const log = this.#tableFullLines();
    this.#profiling.abort();
    const profile = await this.#profile;
    const limits = [...this.#drops.limits, ...(profile?.limits ?? []), ...this.#limits];
    const delta = (counter: (typeof LOSSES)[number]): number => (after[counter] - this.#before[counter]) >>> 0;
    return {
      drops,
      conntrack: {
        insertFailed: delta("insertFailed"),
        drop: delta("drop"),
        earlyDrop: delta("earlyDrop"),
        invalid: delta("invalid"),
        chainTooLong: delta("chainTooLong"),
      },
      log,
      profile,
      limits: [...new Set(limits)],
    };
  }

  /** Ends watching, also without a `take`. */
  close(): void {
    this.#profiling.abort();
    this.#drops.close();
    this.#log?.close();
  }

  #openLog(): KernelLog | undefined {
    try {
      const log = new KernelLog();
      // Only what is said from now on.
      while (log.next() !== undefined);
      return log;
    } catch (error) {
      return this.#unseen("the kernel's log", error);
    }
  }

  #tableFullLines(): string[] {
    const own = String(namespaceInode(this.#namespace));
    const lines: string[] = [];
    for (let record = this.#log?.next(); record !== undefined; record = this.#log?.next()) {
      const match = record === "overwritten" ? undefined : classify(record.text);
      // Older kernels do not say of which namespace it is.
      if (record === "overwritten" || match?.kind.id !== "table-full" || !["", own].includes(match.of)) continue;
      lines.push(`[${(record.microseconds / 1e6).toFixed(6).padStart(12)}] ${record.text}`);
    }
    return lines;
  }

  #unseen(what: string, error: unknown): undefined {
    if (!(error instanceof KernelError)) throw error;
    this.#limits.push(`${what} could not be read: ${error.message}`);
    return undefined;
  }
}

function openDrops(namespace: string): Watch {
  try {
    return new DropWatch({ namespace, only: true, samplesPerSecond: 0 });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return new CounterWatch(namespace, error);
  }
}
