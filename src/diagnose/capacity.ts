import type { PortUseSignal, StateSignal } from "./signals/table.ts";
import { deltaOf, settingOf, valueOf, type Signals } from "./signals.ts";

/** How much room is left. */
export interface Capacity {
  readonly connections?: number;
  readonly max?: number;
  /** 0 to 1. */
  readonly used?: number;
  /** By which the table grew a second; negative: shrank. */
  readonly growthPerSecond?: number;
  /** At that rate; absent if it does not grow. */
  readonly secondsToFull?: number;
  readonly buckets?: number;
  /** Mean length of a hash chain. */
  readonly meanChain?: number;
  readonly states: readonly StateSignal[];
  /** Public addresses in use, and the fullest destinations. */
  readonly publicAddresses?: number;
  readonly fullest: readonly PortUseSignal[];
}

/** Five are enough to see whether it is one or all. */
const FULLEST = 5;

/** The room left in the table and in the pools. */
export function capacityOf(signals: Signals): Capacity {
  const connections = valueOf(signals, "conntrack.count");
  const max = valueOf(signals, "conntrack.max") ?? settingOf(signals, "net.netfilter.nf_conntrack_max");
  const buckets = valueOf(signals, "conntrack.buckets") ?? settingOf(signals, "net.netfilter.nf_conntrack_buckets");
  const growth = signals.seconds > 0 ? deltaOf(signals, "conntrack.count") / signals.seconds : 0;
  const room = max !== undefined && connections !== undefined ? max - connections : undefined;
  return {
    ...(connections === undefined ? {} : { connections, growthPerSecond: growth }),
    ...(max === undefined ? {} : { max }),
    ...(max && connections !== undefined ? { used: connections / max } : {}),
    ...(room !== undefined && growth > 0 ? { secondsToFull: Math.max(0, room / growth) } : {}),
    ...(buckets === undefined ? {} : { buckets }),
    ...(buckets && connections !== undefined ? { meanChain: (2 * connections) / buckets } : {}),
    states: signals.table?.states ?? [],
    ...(signals.table === undefined ? {} : { publicAddresses: signals.table.publicAddresses.length }),
    fullest: signals.table?.portUse.slice(0, FULLEST) ?? [],
  };
}
