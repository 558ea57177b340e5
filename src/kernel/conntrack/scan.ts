import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { readSysctl } from "../sysctl.ts";
import { AF_UNSPEC, CT_GET, NFNL_SUBSYS_CTNETLINK } from "./attributes.ts";
import { withConntrack } from "./ctnetlink.ts";
import { ConnectionEntry } from "./entry.ts";
import { writeKernelFilter, type KernelFilter } from "./kernel-filter.ts";
import { readConntrackCount } from "./statistics.ts";

/** How far a reading of the connection table can be trusted. */
export interface ScanResult {
  /** Entries that the kernel sent and that were whole. */
  readonly entries: number;
  /** Entries left out because they were malformed. */
  readonly malformed: number;
  /** Attributes of types not known here, skipped. */
  readonly unknownAttributes: number;
  /** The kernel said that its table changed so that some may be missing or double (NLM_F_DUMP_INTR). */
  readonly interrupted: boolean;
  /** The hash table was given another size meanwhile: many entries may be missing or double. */
  readonly resized: boolean;
  /** Connections in the table just before and just after. */
  readonly countBefore: number;
  readonly countAfter: number;
  readonly seconds: number;
  /** False if the visitor stopped it. */
  readonly complete: boolean;
}

/** What is done with each entry; false: stop. */
export type EntryVisitor = (entry: ConnectionEntry) => boolean | void;

/** How often to look whether the table is resized: 256 reads bring some 40,000 entries, in 50 ms. */
const READS_PER_LOOK = 256;

const EVERYTHING: KernelFilter = { family: AF_UNSPEC };

/**
 * Shows every connection of the namespace to `visit`, in place and one at a time: memory does not grow with the table.
 * The thread is blocked meanwhile (1.2 s for a million entries). The kernel may send more than the filter asks for.
 */
export function scanConntrack(
  namespace: NamespaceName,
  filter: KernelFilter,
  visit: EntryVisitor,
  afterRead: () => boolean = () => true,
): ScanResult {
  const countBefore = readConntrackCount(namespace);
  const buckets = readBuckets(namespace);
  let resized = false;
  let reads = 0;
  const start = performance.now();
  const scanned = scanFiltered(namespace, filter, visit, () => {
    if (++reads % READS_PER_LOOK === 0) resized ||= readBuckets(namespace) !== buckets;
    return afterRead();
  });
  const seconds = (performance.now() - start) / 1000;
  resized ||= readBuckets(namespace) !== buckets;
  return { ...scanned, resized, countBefore, countAfter: readConntrackCount(namespace), seconds };
}

/** So often at most. */
const MOST_READINGS = 3;

/**
 * Does what reads the table again if the hash table was given another size meanwhile: entries may have been missing or
 * double. `read` begins anew each time; the last result counts, whatever happened.
 */
export function readSteadily<T>(namespace: NamespaceName, read: () => T): T {
  for (let readings = 1; ; readings++) {
    const buckets = readBuckets(namespace);
    const result = read();
    if (readings === MOST_READINGS || readBuckets(namespace) === buckets) return result;
  }
}

type Scanned = Omit<ScanResult, "countBefore" | "countAfter" | "seconds" | "resized">;

function readBuckets(namespace: NamespaceName): string | undefined {
  return readSysctl(namespace, "net.netfilter.nf_conntrack_buckets");
}

function scanFiltered(
  namespace: NamespaceName,
  filter: KernelFilter,
  visit: EntryVisitor,
  afterRead: () => boolean,
): Scanned {
  try {
    return withConntrack(namespace, (connection) => scan(connection, filter, visit, afterRead));
  } catch (error) {
    // It refuses a filter before it sends any entry: then it is to send all.
    const refused = isKernelError(error, "kernel-not-supported") || isKernelError(error, "kernel-rejected");
    if (!refused || filter === EVERYTHING) throw error;
    return withConntrack(namespace, (connection) => scan(connection, EVERYTHING, visit, afterRead));
  }
}

/** As `scanConntrack`, over a connection of its own and without the counts. */
export function scan(
  connection: NetlinkConnection,
  filter: KernelFilter,
  visit: EntryVisitor,
  afterRead: () => boolean = () => true,
): Scanned {
  const entry = new ConnectionEntry(connection.buffer);
  const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET, filter.family);
  writeKernelFilter(message, filter);
  let entries = 0;
  let stopped = false;
  const consistent = connection.dump(
    message,
    "read the connection table",
    (reply) => {
      if (stopped || !entry.scan(reply.start, reply.end)) return;
      entries++;
      if (visit(entry) === false) stopped = true;
    },
    () => afterRead() && !stopped,
  );
  const { malformed, unknown } = entry;
  return { entries, malformed, unknownAttributes: unknown, interrupted: !consistent, complete: !stopped };
}
