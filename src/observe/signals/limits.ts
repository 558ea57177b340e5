import type { RefusalSignal, ShapedSignal, Signals } from "../../diagnose/signals.ts";
import { REFUSALS } from "../../render/limits/limit-parts.ts";
import type { Reading } from "../counters/reading.ts";
import type { LimitUse } from "../limits.ts";

/** What the limits of the gateway file did. */
export type LimitSignals = Required<Pick<Signals, "refusals" | "shaped">>;

/** Of a host where no gateway file limits anything. */
export const NO_LIMITS: LimitSignals = { refusals: [], shaped: [] };

/** Whether there may be limits: looking at them takes some runs of nft, which most hosts can do without. */
export function hasLimits(
  texts: Readonly<Record<string, string>>,
  readings: Readonly<Record<string, Reading>>,
): boolean {
  const counted = Object.values(REFUSALS).some(({ name }) => `counter.ip/meganat/${name}.packets` in readings);
  return counted || Object.values(texts).includes("htb");
}

/** What the limits did since an earlier reading, or since signals that were taken earlier; undefined: since they are there. */
export function limitSignals(before: LimitUse | Signals | undefined, now: LimitUse | undefined): LimitSignals {
  if (now === undefined) return NO_LIMITS;
  const earlier = before === undefined ? new Map<string, number>() : totalsOf(before);
  const since = (key: string, total: number): number => {
    const old = earlier.get(key) ?? 0;
    // The limits were made anew meanwhile.
    return total < old ? total : total - old;
  };
  return {
    refusals: now.refused.flatMap((one) =>
      LIMITS.flatMap((limit): RefusalSignal[] => {
        const total = one[limit];
        if (total === 0) return [];
        return [{ address: one.address, limit, packets: since(`${limit} ${one.address}`, total), total }];
      }),
    ),
    shaped: now.shaped.map(({ interface: device, held }): ShapedSignal => ({
      interface: device,
      held: held.flatMap(({ address, drops }) =>
        address === undefined ? [] : [{ address, drops: since(`${device} ${address}`, drops), total: drops }],
      ),
    })),
  };
}

const LIMITS = ["connections", "rate"] as const;

function totalsOf(before: LimitUse | Signals): Map<string, number> {
  const { refusals = [], shaped = [] } = "refused" in before ? limitSignals(undefined, before) : before;
  return new Map([
    ...refusals.map(({ limit, address, total }) => [`${limit} ${address}`, total] as const),
    ...shaped.flatMap(({ interface: device, held }) =>
      held.map(({ address, total }) => [`${device} ${address}`, total] as const),
    ),
  ]);
}
