import type { ApplyRecord, Owned, RecordedRuleset } from "./record.ts";
import type { ApplyProblem } from "./remark.ts";
import type { Situation } from "./situation.ts";
import type { Surroundings } from "./surroundings.ts";

/** A record of this namespace. */
export function recordOf(
  { live }: Pick<Surroundings, "live">,
  gateway: string,
  appliedAt: string,
  rules: RecordedRuleset | undefined,
  owned: Owned,
  leftOut: readonly ApplyProblem[],
): ApplyRecord {
  return {
    version: 1,
    identity: live.identity(),
    gateway,
    appliedAt,
    ...(rules === undefined ? {} : { rules }),
    owned,
    ...(leftOut.length === 0 ? {} : { leftOut }),
  };
}

/** The record with what only the journal of a broken-off task knew: written before another journal replaces it. */
export function rescued(
  around: Pick<Surroundings, "live" | "now">,
  gateway: string,
  { record, owned }: Pick<Situation, "record" | "owned">,
): ApplyRecord {
  return record === undefined ? recordOf(around, gateway, around.now(), undefined, owned, []) : { ...record, owned };
}
