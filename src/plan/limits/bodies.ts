import { mergeRanges, subtractRanges, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Limits } from "../../config/limits.ts";
import { withoutRepeats } from "../address-index.ts";
import type { LimitedBody } from "./limits-plan.ts";

/** The groups of the file, and everybody else who is inside. */
export function limitedBodies(limits: Limits, everyone: readonly Ipv4Range[]): LimitedBody[] {
  const groups = limits.groups.map((group): LimitedBody => ({
    group,
    members: withoutRepeats(group.members),
    perSubscriber: group.perSubscriber,
  }));
  const grouped = mergeRanges(limits.groups.flatMap(({ members }) => members));
  const rest = subtractRanges(everyone, grouped);
  return rest.length === 0 ? groups : [...groups, { members: rest, perSubscriber: limits.perSubscriber }];
}
