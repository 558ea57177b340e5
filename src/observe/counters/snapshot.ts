import { isHostNamespace, type NamespaceName } from "../../kernel/namespace.ts";
import { attempt, type CounterGroup, type GroupReadings, type Missing } from "./group-readings.ts";
import { COUNTER_GROUPS } from "./groups.ts";
import { changeOf, type Change, type Reading } from "./reading.ts";

/**
 * All counters that matter to NAT at one moment: a plain value that can be kept, sent as JSON and compared. Names are
 * stable: those of src/observe/counters/words.ts, and for interfaces, queues and rules what `groups.ts` says.
 */
export interface CounterSnapshot {
  /** Wall clock, ISO 8601. */
  readonly takenAt: string;
  /** Milliseconds of a clock that nobody sets, for intervals. */
  readonly clock: number;
  /** The host's first namespace: only there everything can be seen. */
  readonly hostNamespace: boolean;
  readonly readings: Readonly<Record<string, Reading>>;
  /** What is behind names that are made of numbers: rules by `rule.ID.packets`. */
  readonly texts: Readonly<Record<string, string>>;
  readonly missing: readonly Missing[];
}

/** Reads everything there is, in 10 ms or so; what may not or cannot be read is in `missing`, and nothing throws for it. */
export function takeSnapshot(namespace: NamespaceName, groups?: readonly CounterGroup[]): CounterSnapshot {
  const into: GroupReadings = { readings: {}, texts: {}, missing: [] };
  const takenAt = new Date().toISOString();
  const clock = performance.now();
  const hostNamespace = isHostNamespace(namespace);
  for (const [group, read] of COUNTER_GROUPS) {
    if (groups === undefined || groups.includes(group)) {
      attempt(into, group, `${group} counters`, () => read(namespace, into));
    }
  }
  return { takenAt, clock, hostNamespace, ...into };
}

/** What happened between two snapshots. */
export interface CounterChanges {
  readonly seconds: number;
  /** By the names of the later snapshot. */
  readonly changes: Readonly<Record<string, Change>>;
}

/** Compares two snapshots of one namespace. */
export function compareSnapshots(before: CounterSnapshot, after: CounterSnapshot): CounterChanges {
  const seconds = (after.clock - before.clock) / 1000;
  const changes = Object.entries(after.readings).map(
    ([name, reading]) => [name, changeOf(before.readings[name], reading, seconds)] as const,
  );
  return { seconds, changes: Object.fromEntries(changes) };
}
