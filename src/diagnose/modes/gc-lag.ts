import type { FailureMode } from "../failure-mode.ts";
import type { Evidence } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { moreRoom } from "../room.ts";
import { deltaOf, droppedFor, valueOf } from "../signals.ts";

/** Under this there is room for the dead. */
const USED_SHARE = 0.75;
/** Some always wait: the kernel comes round once a second to once a minute. */
const EXPIRED_SHARE = 0.25;

/** The table is full of connections whose time is up. */
export const mode: FailureMode = {
  id: "gc-lag",
  title: "Connections expire faster than the kernel removes them",
  severity: "risk",
  why: "A connection whose time is up counts against the limit until the kernel comes round to remove it, which is every minute at the latest and at some 64,000 a second: short connections in great number fill the table with the dead.",
  needs: ["table"],
  counters: ["conntrack.count", "conntrack.max"],
  consequences: ["table-full"],
  examine: (signals) => {
    const { table } = signals;
    const max = valueOf(signals, "conntrack.max") ?? 0;
    if (table?.expired === undefined || max === 0) return [];
    const count = Math.max(valueOf(signals, "conntrack.count") ?? 0, table.entries + table.expired);
    // Whoever else lists the table removes them as well: those counted a moment ago and gone since were such.
    const expired = Math.max(table.expired, count - table.entries);
    if (count < max * USED_SHARE || expired < count * EXPIRED_SHARE) return [];
    const dropped = droppedFor(signals, "table-full");
    const thrownOut = deltaOf(signals, "conntrack.earlyDrop");
    const evidence: Evidence[] = [
      {
        what: "connections (nf_conntrack_count)",
        value: formatCount(count),
        meaning: `${formatPercent(count / max)} of the limit of ${formatCount(max)}`,
      },
      {
        what: "of these expired, and not yet removed",
        value: formatCount(expired),
        meaning: `${formatPercent(expired / count)}; conntrack -L does not list them`,
      },
      { what: "buckets the kernel goes round", value: formatCount(valueOf(signals, "conntrack.buckets") ?? 0) },
      { what: "thrown out to make room (early_drop)", value: formatRate(thrownOut / signals.seconds) },
      { what: "packets dropped for want of room", value: formatCount(dropped) },
    ];
    return [
      {
        ...(dropped > 0 ? { severity: "loss" as const } : {}),
        summary: `${formatCount(expired)} of ${formatCount(count)} connections are expired and take up room`,
        evidence,
        explains: [{ cause: "table-full" }],
        fixes: [
          {
            ...moreRoom(signals),
            text: "Leave room for the dead: for all that begin within the timeout and a minute more",
          },
        ],
      },
    ];
  },
};
