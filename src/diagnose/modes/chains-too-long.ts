import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, SafeFix } from "../finding.ts";
import { formatCount, formatRate } from "../figures.ts";
import { sysctlCommands } from "../room.ts";
import { deltaOf, droppedFor, settingOf, valueOf, type Signals } from "../signals.ts";

const SETTING = "net.netfilter.nf_conntrack_buckets";
/** Every packet looks through half a chain; two is what the kernel's own size gives when the table is full. */
const LONG = 8;
const BUCKET_BYTES = 8;

/** Buckets of the hash hold too many connections. */
export const mode: FailureMode = {
  id: "chains-too-long",
  title: "The hash chains of the connection table are too long",
  severity: "degraded",
  why: "Every packet is looked up along the chain of its bucket: long chains cost time for each packet, and beyond 50 to 79 entries the kernel refuses to add a connection.",
  needs: [],
  counters: ["conntrack.count", "conntrack.buckets"],
  examine: (signals) => {
    const count = valueOf(signals, "conntrack.count") ?? 0;
    const buckets = valueOf(signals, "conntrack.buckets") ?? 0;
    if (buckets === 0) return [];
    const mean = (2 * count) / buckets;
    const refused = Math.max(droppedFor(signals, "chain-too-long"), deltaOf(signals, "conntrack.chainTooLong"));
    if (refused === 0 && mean < LONG) return [];
    const evidence: Evidence[] = [
      { what: "connections (nf_conntrack_count)", value: formatCount(count), meaning: "each is in the hash twice" },
      { what: "buckets (nf_conntrack_buckets)", value: formatCount(buckets), meaning: "of all namespaces together" },
      {
        what: "mean length of a chain",
        value: mean.toFixed(1),
        meaning: "2 when a table of the kernel's own size is full",
      },
      {
        what: "connections refused (chaintoolong)",
        value: formatCount(refused),
        meaning: "`insert_failed` of conntrack -S goes up by as many, `drop` does not",
      },
    ];
    const isCrowded = mean < LONG;
    const zones = signals.table?.zones ?? [];
    if (isCrowded && zones.length > 1)
      evidence.push({ what: "connection tracking zones in use", value: formatCount(zones.length) });
    return [
      {
        ...(refused > 0 ? { severity: "loss" as const } : {}),
        summary:
          refused > 0
            ? `${formatRate(refused / signals.seconds)} connections refused because their hash bucket is full; chains hold ${mean.toFixed(1)} on average`
            : `${formatCount(count)} connections in ${formatCount(buckets)} buckets: ${mean.toFixed(1)} in a chain`,
        evidence,
        ...(isCrowded && signals.table !== undefined
          ? { top: { title: "Who has most connections", rows: rowsOf(signals) } }
          : {}),
        lostPackets: refused,
        explains: [{ cause: "chain-too-long" }],
        fixes: [...(isCrowded ? [lookForCause()] : []), moreBuckets(signals, count, buckets)],
      },
    ];
  },
};

function rowsOf({ table }: Signals): string[] {
  return (table?.subscribers ?? []).slice(0, 5).map(({ key, count }) => `${key}: ${formatCount(count)}`);
}

/** As many as the table may hold, at least four times as many as now, in powers of two. */
function moreBuckets(signals: Signals, count: number, buckets: number): Fix {
  const max = valueOf(signals, "conntrack.max") ?? settingOf(signals, "net.netfilter.nf_conntrack_max") ?? 0;
  const wanted = Math.max(2 ** Math.ceil(Math.log2(Math.max(max, count))), buckets * 4);
  const safe: SafeFix[] = [{ kind: "sysctl", name: SETTING, value: String(wanted) }];
  return {
    text: "As many buckets as the table may hold connections",
    commands: sysctlCommands(safe),
    effect: `chains of ${((2 * count) / wanted).toFixed(1)} on average, of 2 when the table is full; ${Math.ceil((wanted * BUCKET_BYTES) / 2 ** 20)} MiB`,
    risk: "while the hash table is given its new size no packet is handled: some milliseconds, a second with millions of connections",
    safe,
  };
}

/** On average the chains are short: some bucket is special. */
function lookForCause(): Fix {
  return {
    text: "Only some buckets are crowded: see whether one subscriber opens connections in great number, or zones repeat the same ones",
    commands: ["meganat flows --by subscriber --top 5", "conntrack -L --zone 1"],
    effect:
      "tells an attack from a rule that puts the same addresses into many zones (kernels before 5.15 keep them in one bucket)",
    risk: "none",
  };
}
