import type { Observation, Severity } from "./finding.ts";
import type { Signals } from "./signals.ts";

/** A signal that may be absent. */
export type OptionalSignal = "drops" | "table" | "log" | "gateway" | "rules" | "refusals" | "pools";

/** A way in which NAT fails: a file of src/diagnose/modes/ each, which exports it as `mode`. */
export interface FailureMode {
  /** Stable, for programs; the file's name, and that of its page in docs/findings/. */
  readonly id: string;
  /** A few words: what is wrong. */
  readonly title: string;
  /** At least; an observation may say otherwise. */
  readonly severity: Severity;
  /** Why it matters, in one sentence. */
  readonly why: string;
  /** Without these it cannot be looked for, and is reported as not checked. */
  readonly needs: readonly OptionalSignal[];
  /** Counters (or prefixes ending in a dot) and settings without which it cannot be looked for either. */
  readonly counters?: readonly string[];
  /** Ids of findings that are true as well whenever this one is, as its consequence. */
  readonly consequences?: readonly string[];
  /** Pure: what the signals show of it; empty if nothing. */
  readonly examine: (signals: Signals) => readonly Observation[];
}
