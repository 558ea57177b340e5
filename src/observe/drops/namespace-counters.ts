import { readConntrackStats } from "../../kernel/conntrack/statistics.ts";
import { parseConntrackStat } from "../../kernel/counters/conntrack-proc.ts";
import { readNetFile } from "../../kernel/counters/proc-net.ts";
import { parseProtocolCounters } from "../../kernel/counters/proc-table.ts";
import { KernelError } from "../../kernel/error.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { readProcessNetFile, type NetworkPlace } from "../../kernel/network-directory.ts";
import { conntrackDelta, type ConntrackDelta } from "./split.ts";

/** Counters of a namespace that confirm why packets were dropped. */
export interface NamespaceCounters {
  /** `Ip.InAddrErrors`, `TcpExt.IPReversePathFilter`, ... */
  readonly protocols: ReadonlyMap<string, number>;
  /** Undefined where they may not be read. */
  readonly conntrack: ConntrackDelta | undefined;
}

const NO_COUNTERS: NamespaceCounters = { protocols: new Map(), conntrack: undefined };

/** Reads what can be read of a namespace with a name, or of the process's own. */
export function readNamespaceCounters(name: NamespaceName): NamespaceCounters {
  return readCounters(
    (file) => readNetFile(name, file),
    () => readConntrackStats(name).sum,
  );
}

/** Reads what can be read of a namespace found by its number. */
export function readPlaceCounters(place: NetworkPlace): NamespaceCounters {
  const { known, process } = place;
  if (known !== undefined) return readNamespaceCounters(known.name);
  if (process === undefined) return NO_COUNTERS;
  return readCounters(
    (file) => readProcessNetFile(process, file),
    () => undefined,
  );
}

/** Protocol counters may be read by anyone; those of connection tracking too, where the kernel has them in /proc. */
function readCounters(
  readFile: (name: string) => string,
  conntrack: () => ConntrackDelta | undefined,
): NamespaceCounters {
  const text = ["snmp", "netstat"].map((file) => attempt(() => readFile(file)) ?? "").join("");
  return {
    protocols: parseProtocolCounters(text),
    conntrack: attempt(conntrack) ?? attempt(() => parseConntrackStat(readFile("stat/nf_conntrack")).statistics.sum),
  };
}

/** By how much a counter (`Udp.NoPorts`, `conntrack.drop`) went up between two readings; 0 if one is missing. */
export function counterDelta(
  counter: string,
  before: NamespaceCounters | undefined,
  after: NamespaceCounters | undefined,
): number {
  // A namespace that was not looked at before has no interval yet.
  if (before === undefined || after === undefined) return 0;
  const [group, name = ""] = counter.split(".");
  if (group !== "conntrack") return (after.protocols.get(counter) ?? 0) - (before.protocols.get(counter) ?? 0);
  if (before.conntrack === undefined || after.conntrack === undefined) return 0;
  const delta = conntrackDelta(before.conntrack, after.conntrack);
  return delta[name as keyof ConntrackDelta];
}

/** Undefined for what cannot be read: the namespace may have gone, or not be ours. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
