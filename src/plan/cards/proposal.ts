/** Something of a card, or of the host, that has a value which can be read and set. */
export type Place =
  | { readonly kind: "channels" | "indirection"; readonly device: string }
  | { readonly kind: "ring"; readonly device: string; readonly ring: "rx" | "tx" }
  | { readonly kind: "adaptive"; readonly device: string; readonly direction: "rx" | "tx" }
  | { readonly kind: "feature"; readonly device: string; readonly feature: string }
  | { readonly kind: "rps" | "xps"; readonly device: string; readonly queue: number }
  | { readonly kind: "irq"; readonly irq: number }
  | { readonly kind: "sysctl"; readonly name: string };

/**
 * One value to set, as text: `combined 8` or `rx 4 tx 4`, `even 8` or `0,1,1`, a number, `on` or `off`, CPUs as `0-3,8`
 * (`none` for no CPU).
 */
export interface Change {
  readonly place: Place;
  readonly value: string;
}

/** `change`: it should be otherwise; `right`: it is as it should be; `left`: it cannot be had, or not from here. */
export type Verdict = "change" | "right" | "left";

/** What is proposed of one setting, and why. */
export interface Proposal {
  readonly setting: string;
  readonly verdict: Verdict;
  /** `-` if there is nothing to read. */
  readonly now: string;
  /** Only of a change. */
  readonly proposed?: string;
  /** A sentence without a full stop. */
  readonly reason: string;
  /** Empty unless it is a change. */
  readonly changes: readonly Change[];
  /** Setting it stops the card's traffic for a moment, and with most drivers takes the carrier away. */
  readonly pauses: boolean;
}

/** What is proposed for one card. */
export interface CardProposals {
  readonly card: string;
  readonly driver?: string;
  readonly node?: number;
  readonly cpus: readonly number[];
  readonly proposals: readonly Proposal[];
}

/** What is proposed for all. */
export interface CardsProposals {
  readonly cards: readonly CardProposals[];
  /** Settings of the whole host. */
  readonly host: readonly Proposal[];
}

/** It is as it should be. */
export function right(setting: string, now: string, reason: string): Proposal {
  return { setting, verdict: "right", now, reason, changes: [], pauses: false };
}

/** It stays, for the reason. */
export function left(setting: string, reason: string, now = "-"): Proposal {
  return { setting, verdict: "left", now, reason, changes: [], pauses: false };
}

/** It should be otherwise. */
export function change(
  setting: string,
  now: string,
  proposed: string,
  reason: string,
  changes: readonly Change[],
  pauses = false,
): Proposal {
  return { setting, verdict: "change", now, proposed, reason, changes, pauses };
}
