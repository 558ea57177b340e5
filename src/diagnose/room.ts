import type { Fix, SafeFix } from "./finding.ts";
import { formatCount } from "./figures.ts";
import { settingOf, valueOf, type Signals } from "./signals.ts";

/** At this share of the limit a burst of some seconds fills the rest. */
export const NEARLY_FULL = 0.9;

/** An entry with extensions, and its two places in the hash. */
const BYTES_EACH = 384;
const MEMORY_SHARE = 1 / 4;
/** What the plan of a gateway file adds to the connections it expects, and how many a subscriber has if nobody says. */
const HEADROOM = 1.25;
const USUAL_EACH = 170;

/** Four times the room in the connection table, in powers of two, as far as a quarter of the memory goes. */
export function moreRoom(signals: Signals): Fix {
  const max = valueOf(signals, "conntrack.max") ?? 0;
  const most = Math.floor((signals.host.memoryBytes * MEMORY_SHARE) / BYTES_EACH);
  const wanted = Math.max(max + 1024, Math.min(2 ** Math.ceil(Math.log2(max * 4)), most));
  const buckets = settingOf(signals, "net.netfilter.nf_conntrack_buckets") ?? 0;
  const safe: SafeFix[] = [{ kind: "sysctl", name: "net.netfilter.nf_conntrack_max", value: String(wanted) }];
  // As many buckets as connections keep the mean chain at two.
  if (buckets < wanted)
    safe.unshift({ kind: "sysctl", name: "net.netfilter.nf_conntrack_buckets", value: String(wanted) });
  return {
    text: "Raise the limit, and the hash table with it",
    commands: sysctlCommands(safe),
    file: `capacity: { subscribers: ${Math.floor(wanted / HEADROOM / USUAL_EACH)}, connections-per-subscriber: ${USUAL_EACH} }`,
    effect: `room for ${formatCount(wanted)} connections, at most ${Math.ceil((wanted * BYTES_EACH) / 2 ** 20)} MiB of memory`,
    risk: "while the hash table is given its new size no packet is handled: some milliseconds, a second with millions of connections",
    safe,
  };
}

/** The same as commands to type. */
export function sysctlCommands(safe: readonly SafeFix[]): string[] {
  return safe.flatMap((one) => (one.kind === "sysctl" ? [`sysctl -w ${one.name}=${one.value}`] : []));
}
