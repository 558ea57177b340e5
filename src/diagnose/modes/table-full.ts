import type { FailureMode } from "../failure-mode.ts";
import type { Fix } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { deltaOf, droppedFor, settingOf, valueOf, type Signals } from "../signals.ts";

/** At this share of the limit a burst of some seconds fills the rest. */
const NEARLY_FULL = 0.9;

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
        fixes: [raise(signals, max)],
      },
    ];
  },
};

/** Four times the room, in powers of two, as far as a quarter of the memory goes. */
function raise(signals: Signals, max: number): Fix {
  const bytesEach = 384;
  const most = Math.floor(signals.host.memoryBytes / 4 / bytesEach);
  const wanted = Math.max(max + 1024, Math.min(2 ** Math.ceil(Math.log2(max * 4)), most));
  const buckets = settingOf(signals, "net.netfilter.nf_conntrack_buckets") ?? 0;
  const safe = [{ kind: "sysctl" as const, name: "net.netfilter.nf_conntrack_max", value: String(wanted) }];
  // As many buckets as connections keep the mean chain at two.
  if (buckets < wanted)
    safe.unshift({ kind: "sysctl", name: "net.netfilter.nf_conntrack_buckets", value: String(wanted) });
  return {
    text: "Raise the limit, and the hash table with it",
    commands: safe.map(({ name, value }) => `sysctl -w ${name}=${value}`),
    file: `capacity: { connections: ${wanted} }`,
    effect: `room for ${formatCount(wanted)} connections, at most ${Math.ceil((wanted * bytesEach) / 2 ** 20)} MiB of memory`,
    risk: "while the hash table is given its new size no packet is handled: some milliseconds, a second with millions of connections",
    safe,
  };
}
