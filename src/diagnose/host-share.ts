import { deltaOf, type Signals } from "./signals.ts";

/**
 * Of the packets that all CPUs of the host handled in the interval, the share that interfaces of this namespace
 * received, 0 to 1: whether a counter of the whole host is about what is looked at here. 1 if the host handled none.
 */
export function shareOfHost(signals: Signals): number {
  const processed = deltaOf(signals, "softnet.processed");
  const received = signals.network.links.reduce(
    (sum, { name }) => sum + (name === "lo" ? 0 : deltaOf(signals, `interface.${name}.rxPackets`)),
    0,
  );
  return processed === 0 ? 1 : Math.min(1, received / processed);
}
