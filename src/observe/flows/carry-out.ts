import { readLabelNames } from "../../kernel/conntrack/label-names.ts";
import { ConnectionRemover } from "../../kernel/conntrack/remove.ts";
import { scanConntrack, type ScanResult } from "../../kernel/conntrack/scan.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { readMachine } from "../../kernel/proc.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { writeAll } from "../../kernel/write-all.ts";
import { ascii, ByteWriter } from "./byte-writer.ts";
import { writeConntrackLine } from "./conntrack-line.ts";
import { compileFilter, kernelFilter } from "./filter.ts";
import { lineAdditions } from "./line-additions.ts";
import { ForwardedShares } from "./forwarded-shares.ts";
import type { FlowOrder, FlowReport, FlowTask, LineDetail, ListFormat } from "./flow-order.ts";
import { writeJsonLine } from "./json-line.ts";
import { PortUseCount } from "./port-use.ts";
import { takesOverPorts } from "../../plan/port-search.ts";
import { FlowSummary } from "./summary.ts";
import { TABLE_HEAD, writeTableLine } from "./table-line.ts";

type Visit = (entry: ConnectionEntry) => boolean | void;

/** Reads the connection table as ordered; blocks the thread meanwhile. */
export function carryOut(order: FlowOrder): FlowReport {
  const { task } = order;
  switch (task.kind) {
    case "count":
      return pass(order, () => {});
    case "list":
      return list(order, task);
    case "summary": {
      const summary = new FlowSummary(task.by, task.exactKeys);
      const report = pass(order, (entry) => summary.add(entry));
      return { ...report, summary: summary.result(task.top) };
    }
    case "ports":
      return ports(order, task);
    case "delete":
      return remove(order);
  }
}

function pass({ namespace, filter }: FlowOrder, visit: Visit): FlowReport {
  const matches = compileFilter(filter, Date.now() / 1000);
  let matched = 0;
  const scan: ScanResult = scanConntrack(namespace, kernelFilter(filter), (entry) => {
    if (matches !== undefined && !matches(entry)) return true;
    matched++;
    return visit(entry);
  });
  const withoutAge = filter.age !== undefined && readSysctl(namespace, "net.netfilter.nf_conntrack_timestamp") !== "1";
  return { matched, scan, withoutAge };
}

function list(order: FlowOrder, task: Extract<FlowTask, { kind: "list" }>): FlowReport {
  const shares = order.shares === undefined ? undefined : ForwardedShares.open(order.shares);
  try {
    return writeList(order, task, shares);
  } finally {
    shares?.close();
  }
}

function writeList(
  order: FlowOrder,
  { format, details, fd, limit }: Extract<FlowTask, { kind: "list" }>,
  shares: ForwardedShares | undefined,
): FlowReport {
  let reader = true;
  let left = limit ?? Number.POSITIVE_INFINITY;
  const to = new ByteWriter((bytes) => {
    reader &&= writeAll(fd, bytes);
  });
  const write = lineWriter(format, details ?? [], to);
  const report = pass(order, (entry) => {
    if (left <= 0) return true;
    left--;
    shares?.addTo(entry);
    write(entry);
    // Without a limit, all that is left to do is to write: nobody reads, nobody counts.
    return reader;
  });
  to.flush();
  return report;
}

function lineWriter(
  format: ListFormat,
  details: readonly LineDetail[],
  to: ByteWriter,
): (entry: ConnectionEntry) => void {
  if (format === "table") {
    to.bytes(ascii(TABLE_HEAD));
    to.endLine();
    return (entry) => writeTableLine(to, entry);
  }
  if (format === "json") return (entry) => writeJsonLine(to, entry);
  const extended = format === "extended";
  const now = Math.floor(Date.now() / 1000);
  if (details.length === 0) return (entry) => writeConntrackLine(to, entry, extended, now);
  const additions = lineAdditions(details, details.includes("labels") ? readLabelNames() : new Map());
  return (entry) => writeConntrackLine(to, entry, extended, now, additions);
}

function ports(order: FlowOrder, task: Extract<FlowTask, { kind: "ports" }>): FlowReport {
  const count = new PortUseCount(task.supplies, takesOverPorts(readMachine().kernelRelease));
  const report = pass(order, (entry) => count.count(entry));
  count.choose(task.top);
  pass(order, (entry) => count.attribute(entry));
  const { connections, error } = count;
  return { ...report, ports: { uses: count.result(task.subscribers), connections, error } };
}

function remove(order: FlowOrder): FlowReport {
  const remover = new ConnectionRemover(order.namespace);
  let removed = 0;
  let missed = 0;
  try {
    const report = pass(order, (entry) => {
      if (remover.remove(entry)) removed++;
      else missed++;
    });
    return { ...report, deleted: { removed, missed } };
  } finally {
    remover.close();
  }
}
