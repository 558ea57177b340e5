import { lookupConnection } from "../../kernel/conntrack/lookup.ts";
import type { Connection } from "../../kernel/conntrack/connection.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import { DropCounter, type DropCounts } from "../../kernel/drops/drop-counter.ts";
import { readKernelSymbols, whySymbolsAreHidden, type SymbolTable } from "../../kernel/kallsyms.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import {
  namespaceInode,
  NetworkDirectory,
  parseInterfaceNumbers,
  readProcessNetFile,
  type NetworkPlace,
} from "../../kernel/network-directory.ts";
import { listLinks } from "../../kernel/route/link.ts";
import { CAUSES, type CauseId } from "./cause.ts";
import { functionMeaning } from "./classify.ts";
import { dropRows, type DropNames, type DropRow } from "./interval.ts";
import { readSample, type DroppedPacket } from "./sample.ts";
import { attempt, counterDelta, readPlaceCounters, type NamespaceCounters } from "./namespace-counters.ts";
import { conntrackDelta } from "./split.ts";

/** What to watch. */
export interface WatchOptions {
  /** Count in this namespace only; undefined: in all. */
  readonly namespace?: NamespaceName;
  readonly only: boolean;
  /** Headers to sample, a second and processor; 0 none. */
  readonly samplesPerSecond: number;
}

/** A cause within an interval. */
export interface CauseTotal {
  readonly cause: CauseId;
  readonly packets: number;
  /** Counters of the kernel that went up meanwhile, where they can be read. */
  readonly confirmedBy: readonly { readonly counter: string; readonly delta: number }[];
}

/** A row with names in place of numbers. */
export interface NamedRow extends Omit<DropRow, "interface" | "namespace"> {
  readonly interface: string;
  readonly namespace: string;
  /** What the function is there for, in words; absent for functions not known here. */
  readonly meaning?: string;
}

/** A sampled header with names in place of numbers. */
export interface NamedPacket extends Omit<DroppedPacket, "interface" | "namespace"> {
  readonly interface: string;
  readonly namespace: string;
}

/** What was dropped in an interval. */
export interface DropReport {
  readonly seconds: number;
  readonly packets: number;
  /** Counted, but not by cause: the table of causes was full. Not among `packets`. */
  readonly unattributed: number;
  readonly causes: readonly CauseTotal[];
  readonly rows: readonly NamedRow[];
  readonly samples: readonly NamedPacket[];
  /** Headers not sampled because they came too fast. */
  readonly samplesLost: number;
}

interface Reading {
  readonly time: number;
  readonly counts: DropCounts;
  readonly counters: ReadonlyMap<number, NamespaceCounters>;
}

/** Watches dropped packets, from its making until `close`. */
export interface Watch {
  /** What cannot be seen here and why, in sentences. */
  readonly limits: readonly string[];
  /** What was dropped since the last call, or since the beginning. */
  next(): DropReport;
  /** What was dropped from the beginning to the last `next`, without samples. */
  total(): DropReport;
  close(): void;
}

/** Watches every packet that the kernel drops, by an eBPF program. */
export class DropWatch implements Watch {
  readonly limits: readonly string[];
  readonly #counter: DropCounter;
  readonly #names: DropNames;
  readonly #directory = new NetworkDirectory();
  readonly #interfaces = new Map<number, ReadonlyMap<number, string>>();
  #first: Reading;
  #last: Reading;

  /** Throws what DropCounter throws. */
  constructor(options: WatchOptions) {
    const own = namespaceInode(options.namespace);
    const symbols = readKernelSymbols();
    this.#counter = new DropCounter({
      samplesPerSecond: options.samplesPerSecond,
      ...(options.only ? { namespace: own } : {}),
    });
    this.#names = dropNames(this.#counter.reasonNames, symbols);
    this.limits = symbols.size > 0 ? [] : [`${whySymbolsAreHidden()}; a rule's drops look like those of a full table`];
    const namespaces = options.only ? [own] : this.#directory.known();
    this.#first = this.#last = this.#read(new Map(namespaces.map((inode) => [inode, this.#countersOf(inode)])));
  }

  next(): DropReport {
    const now = this.#read(this.#last.counters);
    const report = this.#report(this.#last, now, true);
    this.#last = now;
    return report;
  }

  total(): DropReport {
    return this.#report(this.#first, this.#last, false);
  }

  close(): void {
    this.#counter.close();
  }

  /** Counters of namespaces where nothing was dropped stay as they were read last. */
  #read(earlier: ReadonlyMap<number, NamespaceCounters>): Reading {
    const counts = this.#counter.read();
    const seen = new Set(counts.counts.map(({ namespace }) => namespace));
    const counters = new Map([...earlier, ...[...seen].map((inode) => [inode, this.#countersOf(inode)] as const)]);
    return { time: performance.now(), counts, counters };
  }

  #report(before: Reading, after: Reading, withSamples: boolean): DropReport {
    const rows = dropRows(before.counts.counts, after.counts.counts, this.#names, (namespace) => {
      const [then, now] = [before.counters.get(namespace)?.conntrack, after.counters.get(namespace)?.conntrack];
      return then === undefined || now === undefined ? undefined : conntrackDelta(then, now);
    });
    const samples = withSamples ? this.#counter.takeSamples() : [];
    const lookup = (inode: number, tuple: Tuple): Connection | undefined => this.#lookup(inode, tuple);
    return {
      seconds: (after.time - before.time) / 1000,
      packets: rows.reduce((sum, { packets }) => sum + packets, 0),
      unattributed: after.counts.unattributed - before.counts.unattributed,
      causes: causeTotals(rows, before.counters, after.counters),
      rows: rows.map((row) => {
        const meaning = functionMeaning(row.location);
        return { ...row, ...this.#place(row), ...(meaning === undefined ? {} : { meaning }) };
      }),
      samples: samples.map((sample) => {
        const packet = readSample(sample, this.#names, lookup);
        return { ...packet, ...this.#place(packet) };
      }),
      samplesLost: after.counts.samplesLost - before.counts.samplesLost,
    };
  }

  #place(row: { readonly namespace: number; readonly interface: number }): { namespace: string; interface: string } {
    return { namespace: this.#directory.find(row.namespace).label, interface: this.#interface(row) };
  }

  #interface({ namespace, interface: index }: { readonly namespace: number; readonly interface: number }): string {
    if (index === 0) return "-";
    const known = this.#interfaces.get(namespace)?.get(index);
    if (known !== undefined) return known;
    const place = this.#directory.find(namespace);
    const names = interfaceNames(place);
    this.#interfaces.set(namespace, names);
    return names.get(index) ?? `#${index}`;
  }

  #countersOf(inode: number): NamespaceCounters {
    return readPlaceCounters(this.#directory.find(inode));
  }

  #lookup(inode: number, tuple: Tuple): Connection | undefined {
    const place = this.#directory.find(inode).known;
    return place === undefined ? undefined : attempt(() => lookupConnection(place.name, tuple));
  }
}

function dropNames(reasons: ReadonlyMap<number, string>, symbols: SymbolTable): DropNames {
  const functions = new Map<bigint, string | undefined>();
  return {
    reason: (reason) => {
      const known = reasons.get(reason);
      if (known !== undefined) return known;
      const subsystem = reasons.get(reason - (reason % 0x10000));
      return reason > 0xffff && subsystem !== undefined ? `${subsystem}#${reason % 0x10000}` : `#${reason}`;
    },
    location: (address) => {
      if (!functions.has(address)) functions.set(address, symbols.find(address)?.name);
      return functions.get(address);
    },
  };
}

function causeTotals(
  rows: readonly DropRow[],
  before: ReadonlyMap<number, NamespaceCounters>,
  after: ReadonlyMap<number, NamespaceCounters>,
): CauseTotal[] {
  const totals = new Map<CauseId, { packets: number; namespaces: Set<number> }>();
  for (const { cause, packets, namespace } of rows) {
    const total = totals.get(cause) ?? { packets: 0, namespaces: new Set() };
    total.packets += packets;
    total.namespaces.add(namespace);
    totals.set(cause, total);
  }
  return [...totals]
    .map(([cause, { packets, namespaces }]) => ({
      cause,
      packets,
      confirmedBy: CAUSES[cause].counters.flatMap((counter) => {
        const delta = [...namespaces].reduce(
          (sum, inode) => sum + counterDelta(counter, before.get(inode), after.get(inode)),
          0,
        );
        return delta > 0 ? [{ counter, delta }] : [];
      }),
    }))
    .toSorted((a, b) => b.packets - a.packets);
}

function interfaceNames({ known, process }: NetworkPlace): ReadonlyMap<number, string> {
  if (known !== undefined) {
    return new Map((attempt(() => listLinks(known.name)) ?? []).map((link) => [link.index, link.name]));
  }
  if (process === undefined) return new Map();
  return parseInterfaceNumbers(attempt(() => readProcessNetFile(process, "igmp")) ?? "");
}
