import { KernelError } from "../kernel/error.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { proposeCards } from "../plan/cards/propose-cards.ts";
import type { CardsProposals, Change, Place } from "../plan/cards/proposal.ts";
import { openTuningLedger, type TunedValue, type TuningLedger } from "./ledger.ts";
import { placeWords, readPlace, writePlace } from "./place-value.ts";
import { readCardsFacts } from "./read-facts.ts";

/** Where to work, and where the ledger is. */
export interface TuningPlace {
  readonly namespace: NamespaceName;
  /** In place of /run/meganat. */
  readonly directory?: string | undefined;
  /** Called when a value is about to change, its old one being on record, and when it has changed. */
  readonly onStep?: ((what: string, stage: "recorded" | "changed") => void) | undefined;
}

/** A value that was changed, or that the kernel refused to change. */
export interface Carried {
  readonly place: Place;
  /** `rx ring of eth0`. */
  readonly what: string;
  readonly old: string;
  readonly set: string;
  /** What the kernel said, if it refused. */
  readonly refused?: string;
}

/** What undoing did, in sentences. */
export interface TuningUndone {
  readonly done: readonly string[];
  /** What was left as it is, and why. */
  readonly left: readonly string[];
}

/** What is proposed for these cards now. */
export function proposeTuning(namespace: NamespaceName, cards: readonly string[]): CardsProposals {
  return proposeCards(readCardsFacts(namespace, cards));
}

/**
 * Carries the proposals out. Each old value is on disk before it changes. What the kernel refuses is left as it was, and
 * the rest goes on.
 */
export function carryOutTuning(place: TuningPlace, cards: readonly string[]): readonly Carried[] {
  const ledger = openTuningLedger(place.namespace, place.directory);
  return ledger.locked("tune the network cards", () => {
    const carry = (changes: readonly Change[]): Carried[] =>
      changes.map((change) => carryOutChange(place, ledger, change));
    const { cards: asTheyAre, host } = proposeTuning(place.namespace, cards);
    const carried = carry(changesOf(asTheyAre).filter(({ place: { kind } }) => SHAPING.has(kind)));
    // Other queues have other interrupts, and steering of their own: so what is proposed for them is asked again.
    const shaped = proposeTuning(place.namespace, cards).cards;
    carried.push(...carry(changesOf(shaped).filter(({ place: { kind } }) => !SHAPING.has(kind))));
    // Not asked again: a card that starts anew does not know its speed for a moment.
    return [...carried, ...carry(host.flatMap(({ changes }) => changes))];
  });
}

/** Puts the old values back, the last change first, where the value is still the one we set. */
export function undoTuning({ namespace, directory }: TuningPlace): TuningUndone {
  const ledger = openTuningLedger(namespace, directory);
  return ledger.locked("take the tuning back", () => {
    const [done, left]: [string[], string[]] = [[], []];
    const values = [...ledger.read()];
    for (let value = values.at(-1); value !== undefined; value = values.at(-1)) {
      const { told, isDone } = takeBack(namespace, value);
      if (told !== undefined) (isDone ? done : left).push(told);
      values.pop();
      ledger.write(values);
    }
    return { done, left };
  });
}

/** What makes a card start anew. */
const SHAPING: ReadonlySet<Place["kind"]> = new Set(["channels", "ring"]);

function changesOf(cards: CardsProposals["cards"]): readonly Change[] {
  return cards.flatMap(({ proposals }) => proposals.flatMap(({ changes }) => changes));
}

function carryOutChange({ namespace, onStep }: TuningPlace, ledger: TuningLedger, { place, value }: Change): Carried {
  const before = ledger.read();
  const now = readPlace(namespace, place);
  const what = placeWords(place);
  if (now === undefined) return { place, what, old: "-", set: value, refused: `${what} is not there any more` };
  const carried = { place, what, old: now, set: value };
  const lost = place.kind === "channels" ? steeringOf(namespace, place.device, before) : [];
  ledger.write(noted([...before, ...lost], { place, old: now, set: value }));
  onStep?.(what, "recorded");
  try {
    writePlace(namespace, place, value);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    // Half-way is possible too: a table that was reset before the kernel refused the new one.
    if (readPlace(namespace, place) === now) ledger.write(before);
    return { ...carried, refused: error.message };
  }
  onStep?.(what, "changed");
  const set = readPlace(namespace, place) ?? value;
  ledger.write(ledger.read().map((one) => (isAt(one, place) ? { ...one, set } : one)));
  return { ...carried, set };
}

/** Adds a change; of a place that we changed before and nobody since, the value from before the first change counts. */
function noted(values: readonly TunedValue[], change: TunedValue): readonly TunedValue[] {
  const earlier = values.find((value) => isAt(value, change.place));
  if (earlier === undefined) return [...values, change];
  const old = earlier.set === change.old || earlier.old === change.old ? earlier.old : change.old;
  return values.map((value) => (value === earlier ? { ...change, old } : value));
}

function isAt(value: TunedValue, place: Place): boolean {
  return JSON.stringify(value.place) === JSON.stringify(place);
}

/** The steering of queues is lost with them. Noted before the number of queues, it is put back after that. */
function steeringOf(namespace: NamespaceName, device: string, known: readonly TunedValue[]): TunedValue[] {
  const card = readCardsFacts(namespace, [device]).cards[0];
  return (["rps", "xps"] as const).flatMap((kind) =>
    (card?.[kind] ?? []).flatMap((cpus, queue) => {
      const place = { kind, device, queue } as const;
      if (cpus === undefined || cpus.length === 0 || known.some((value) => isAt(value, place))) return [];
      return [{ place, old: readPlace(namespace, place) ?? "none", set: "none" }];
    }),
  );
}

function takeBack(
  namespace: NamespaceName,
  { place, old, set }: TunedValue,
): { readonly told?: string; readonly isDone: boolean } {
  const what = placeWords(place);
  const now = readPlace(namespace, place);
  // It was killed before it changed anything, or somebody has put it back.
  if (now === old) return { isDone: true };
  if (now === undefined) return { told: `${what} is not there any more`, isDone: false };
  if (now !== set) return { told: `${what} is ${now} now: somebody else has set it since`, isDone: false };
  try {
    writePlace(namespace, place, old);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { told: error.message, isDone: false };
  }
  return { told: `${what} is ${old} again (was ${now})`, isDone: true };
}
