import type { ConntrackCounters } from "../../kernel/conntrack/statistics.ts";
import type { CauseId } from "./cause.ts";

/** Of how much of each kind the counters of connection tracking went up. */
export type ConntrackDelta = Pick<ConntrackCounters, "drop" | "insertFailed" | "chainTooLong">;

/** A counter of 32 bits may have wrapped between two readings. */
export function conntrackDelta(before: ConntrackDelta, after: ConntrackDelta): ConntrackDelta {
  return {
    drop: (after.drop - before.drop) >>> 0,
    insertFailed: (after.insertFailed - before.insertFailed) >>> 0,
    chainTooLong: (after.chainTooLong - before.chainTooLong) >>> 0,
  };
}

/**
 * Tells apart what dies in `nf_hook_slow`: a full table counts as drop alone, a clash or exhausted ports as drop and
 * insert_failed, a long chain as insert_failed and chaintoolong (net/netfilter/nf_conntrack_core.c). What is left was
 * dropped by something that counts nothing there. The parts add up to `packets`.
 */
export function splitHookDrops(packets: number, delta: ConntrackDelta | undefined): Map<CauseId, number> {
  if (delta === undefined) return new Map([["netfilter", packets]]);
  const clashes = Math.max(0, delta.insertFailed - delta.chainTooLong);
  const parts: [CauseId, number][] = [
    ["table-full", Math.max(0, delta.drop - clashes)],
    ["port-exhaustion", clashes],
    ["chain-too-long", delta.chainTooLong],
  ];
  const counted = parts.reduce((sum, [, count]) => sum + count, 0);
  // The counters are read a moment after the drops: a few packets too many are no other cause.
  const scale = counted > packets ? packets / counted : 1;
  const split = new Map(parts.map(([cause, count]) => [cause, Math.floor(count * scale)] as const));
  const left = packets - [...split.values()].reduce((sum, count) => sum + count, 0);
  const slack = Math.max(2, packets / 100);
  const [largest] = parts.toSorted((a, b) => b[1] - a[1]);
  if (largest !== undefined && largest[1] > 0 && left <= slack) {
    split.set(largest[0], (split.get(largest[0]) ?? 0) + left);
  } else split.set("hook", left);
  return new Map([...split].filter(([, count]) => count > 0));
}
