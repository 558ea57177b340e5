import { NamespaceLedger } from "../apply/namespace-ledger.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import type { Place } from "../plan/cards/proposal.ts";

/** A value that tuning changed, or is about to. */
export interface TunedValue {
  readonly place: Place;
  /** Before the first change of ours. */
  readonly old: string;
  /** What we set, as the kernel reads it back; while it is being set, what it shall be. */
  readonly set: string;
}

/** Where tuning keeps the old values of one namespace, in the order they were changed. */
export type TuningLedger = NamespaceLedger<TunedValue>;

/** Opens it; `directory` in place of /run/meganat. */
export function openTuningLedger(namespace: NamespaceName, directory?: string): TuningLedger {
  return new NamespaceLedger({ file: "tuning", entries: "values", words: "tuning" }, namespace, directory);
}
