import type { KernelError } from "../../kernel/error.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { namespaceInode } from "../../kernel/network-directory.ts";
import { CAUSES, type CauseId } from "./cause.ts";
import { counterDelta, readNamespaceCounters, type NamespaceCounters } from "./namespace-counters.ts";
import { splitHookDrops, conntrackDelta } from "./split.ts";
import type { CauseTotal, DropReport, Watch } from "./watch.ts";

/** These counters go up for other things as well, or with another cause. */
const TOO_WIDE = new Set([
  "Ip.InHdrErrors",
  "Tcp.OutRsts",
  "Icmp.OutDestUnreachs",
  "Icmp.OutTimeExcds",
  "Ip.ReasmTimeout",
]);

/**
 * Watches the kernel's own counters, which anyone may read: what is left where eBPF is not allowed. It sees one
 * namespace, and only what has a counter of its own.
 */
export class CounterWatch implements Watch {
  readonly limits: readonly string[];
  readonly #namespace: NamespaceName;
  readonly #first: Reading;
  #last: Reading;

  /** `why`: what forbids more. Throws `kernel-not-found` without such a namespace. */
  constructor(namespace: NamespaceName, why: KernelError) {
    namespaceInode(namespace);
    this.#namespace = namespace;
    this.#first = this.#last = this.#read();
    const conntrack =
      this.#first.counters.conntrack === undefined
        ? "; those of connection tracking need CAP_NET_ADMIN here, so a full table is not seen"
        : "";
    this.limits = [
      `drops are not counted one by one: ${why.message}`,
      `to see all: ${why.remedy}`,
      `what follows is from counters of this namespace: no functions, interfaces or rules${conntrack}`,
    ];
  }

  next(): DropReport {
    const now = this.#read();
    const report = counterReport(this.#last, now);
    this.#last = now;
    return report;
  }

  total(): DropReport {
    return counterReport(this.#first, this.#last);
  }

  close(): void {}

  #read(): Reading {
    return { time: performance.now(), counters: readNamespaceCounters(this.#namespace) };
  }
}

/** The counters at a time, in milliseconds. */
export interface Reading {
  readonly time: number;
  readonly counters: NamespaceCounters;
}

/** What two readings of the counters tell. */
export function counterReport(before: Reading, after: Reading): DropReport {
  const causes = [...protocolCauses(before, after), ...conntrackCauses(before, after)];
  return {
    seconds: (after.time - before.time) / 1000,
    packets: causes.reduce((sum, { packets }) => sum + packets, 0),
    unattributed: 0,
    causes: causes.toSorted((a, b) => b.packets - a.packets),
    rows: [],
    samples: [],
    samplesLost: 0,
  };
}

function protocolCauses(before: Reading, after: Reading): CauseTotal[] {
  const seen = new Set<string>();
  return (Object.keys(CAUSES) as CauseId[]).flatMap((cause) => {
    const confirmedBy = CAUSES[cause].counters
      // A counter that stands for two causes is told once.
      .filter((counter) => !counter.startsWith("conntrack.") && !TOO_WIDE.has(counter) && !seen.has(counter))
      .map((counter) => ({ counter, delta: counterDelta(counter, before.counters, after.counters) }))
      .filter(({ delta }) => delta > 0);
    for (const { counter } of confirmedBy) seen.add(counter);
    return confirmedBy.length === 0
      ? []
      : [{ cause, packets: confirmedBy.reduce((sum, { delta }) => sum + delta, 0), confirmedBy }];
  });
}

function conntrackCauses(before: Reading, after: Reading): CauseTotal[] {
  const [then, now] = [before.counters.conntrack, after.counters.conntrack];
  if (then === undefined || now === undefined) return [];
  const delta = conntrackDelta(then, now);
  const split = splitHookDrops(delta.drop + delta.chainTooLong, delta);
  return [...split].map(([cause, packets]) => ({ cause, packets, confirmedBy: [] }));
}
