import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { moreRoom, NEARLY_FULL } from "../room.ts";
import { deltaOf, droppedFor, valueOf } from "../signals.ts";

/** The table of connections is full: every packet that would begin a connection is dropped. */
export const mode: FailureMode = {
  id: "table-full",
  title: "The connection table is full",
  severity: "loss",
  why: "A packet that would begin a new connection is dropped when the table has no room: nobody gets through any more but those who already are.",
  needs: [],
  counters: ["conntrack.count", "conntrack.max"],
  examine: (signals) => {
    const count = valueOf(signals, "conntrack.count") ?? 0;
    const max = valueOf(signals, "conntrack.max") ?? 0;
    if (max === 0) return [];
    const dropped = droppedFor(signals, "table-full");
    const logged = signals.log?.find(({ id }) => id === "table-full")?.now ?? 0;
    // Without the drops by cause, the counter tells as much once the table stands at its limit.
    const counted = signals.drops === undefined && count >= max ? deltaOf(signals, "conntrack.drop") : 0;
    const isFull = dropped > 0 || counted > 0;
    if (!isFull && count < max * NEARLY_FULL) return [];
    const evidence = [
      {
        what: "connections (nf_conntrack_count)",
        value: formatCount(count),
        meaning: `${formatPercent(count / max)} of the limit`,
      },
      { what: "limit (nf_conntrack_max)", value: formatCount(max) },
      {
        what: "packets dropped for want of room",
        value: formatCount(Math.max(dropped, counted)),
        meaning: "in nf_hook_slow, with `drop` of conntrack -S going up",
      },
      {
        what: "connections thrown out to make room (early_drop)",
        value: formatCount(deltaOf(signals, "conntrack.earlyDrop")),
      },
    ];
    if (logged > 0)
      evidence.push({
        what: "kernel log: table full, dropping packet",
        value: formatCount(logged),
        meaning: "the kernel logs only some",
      });
    return [
      {
        ...(isFull ? {} : { severity: "risk" as const }),
        summary: isFull
          ? `${formatCount(count)} of ${formatCount(max)} connections; ${formatCount(Math.max(dropped, counted))} packets dropped in ${signals.seconds.toFixed(1)} s`
          : `${formatCount(count)} of ${formatCount(max)} connections: ${formatPercent(1 - count / max)} left`,
        evidence,
        lostPackets: counted,
        explains: [{ cause: "table-full" }],
        fixes: [moreRoom(signals)],
      },
    ];
  },
};
