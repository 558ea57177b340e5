import type { DesiredState } from "../render/desired-state.ts";
import type { Change } from "./change.ts";
import type { FoundJournal } from "./journal.ts";
import type { Live } from "./live.ts";
import { readLiveState, type LiveState } from "./live-state.ts";
import { bondKey, mtuKey, ownedAtMost, ownedNow } from "./owned.ts";
import { NOTHING_OWNED, type ApplyRecord, type Owned, type RecordHead } from "./record.ts";
import type { RecordStore } from "./record-store.ts";

/** What is known before anything is done: the record, an apply that broke off, the kernel, and what of it is ours. */
export interface Situation extends Memory {
  readonly state: LiveState;
  /** What is ours and there. */
  readonly owned: Owned;
  /** Nothing was applied here since boot. */
  readonly isFirst: boolean;
}

/** What was written down of this very namespace since this boot. */
export interface Memory<R extends RecordHead = ApplyRecord> {
  readonly record: R | undefined;
  readonly interrupted: FoundJournal | undefined;
}

/** Reads record and journal; those of another namespace of the same name, or of before the boot, count as none. */
export function readMemory(live: Live, store: RecordStore): Memory {
  return memoryOf(live, store, store.readRecord());
}

function memoryOf<R extends RecordHead>(live: Live, store: RecordStore, record: R | undefined): Memory<R> {
  const interrupted = store.readJournal();
  // Most often nothing was written down, and then nobody need ask who the namespace is.
  if (record === undefined && interrupted === undefined) return { record, interrupted };
  const identity = live.identity();
  const isOurs = (other: RecordHead["identity"]): boolean =>
    other.boot === identity.boot && other.namespace === identity.namespace;
  return {
    record: record !== undefined && isOurs(record.identity) ? record : undefined,
    interrupted: interrupted !== undefined && isOurs(interrupted.journal.identity) ? interrupted : undefined,
  };
}

/** What may be ours, by record and journal alone. */
export function readOwnedAtMost(live: Live, store: RecordStore): Owned {
  return atMost(memoryOf(live, store, store.readHead()));
}

function atMost({ record, interrupted }: Memory<RecordHead>): Owned {
  return ownedAtMost(record?.owned ?? NOTHING_OWNED, interrupted?.journal.changes ?? []);
}

/** Reads the situation; `desired` says which sysctls and routes matter beside our own. */
export function readSituation(
  live: Live,
  store: RecordStore,
  desired?: Pick<DesiredState, "sysctls" | "routes" | "links" | "shaping">,
): Situation {
  const memory = readMemory(live, store);
  const most = atMost(memory);
  const state = readLiveState(live, desired, memory.record, most);
  const planned = memory.interrupted?.journal.changes ?? [];
  const uncertain = new Set(planned.flatMap(valueOf));
  return { ...memory, state, owned: ownedNow(most, state, uncertain), isFirst: store.isUnused() };
}

/** The name of the value a change sets, if it sets one. */
function valueOf(change: Change): string[] {
  if (change.kind === "sysctl") return [change.name];
  if (change.kind === "bond") return [bondKey(change.interface)];
  return change.kind === "mtu" ? [mtuKey(change.interface)] : [];
}
