import type { CardFacts } from "./facts.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

const REASON = "the card waits longer the more packets come: few interrupts under load, no delay without";

/** The card chooses by itself how long it waits before it interrupts, where it can. */
export function proposeCoalescing({ name, coalescing }: CardFacts): Proposal[] {
  if ("missing" in coalescing) return [left("coalescing", coalescing.missing)];
  const { rxUsecs, txUsecs, adaptiveRx, adaptiveTx } = coalescing.value;
  if (adaptiveRx === undefined && adaptiveTx === undefined) {
    const times = [
      rxUsecs === undefined ? [] : `rx ${rxUsecs} us`,
      txUsecs === undefined ? [] : `tx ${txUsecs} us`,
    ].flat();
    const now = times.length === 0 ? "-" : times.join(", ");
    return [left("coalescing", "the driver cannot adapt it to the load, and no fixed time suits every load", now)];
  }
  const row = (direction: "rx" | "tx", adaptive: boolean | undefined): Proposal[] => {
    const setting = `adaptive ${direction}`;
    if (adaptive === undefined) return [];
    if (adaptive) return [right(setting, "on", REASON)];
    return [
      change(setting, "off", "on", REASON, [{ place: { kind: "adaptive", device: name, direction }, value: "on" }]),
    ];
  };
  return [...row("rx", adaptiveRx), ...row("tx", adaptiveTx)];
}
