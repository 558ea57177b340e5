import { formatIpv4 } from "../address/ipv4.ts";
import { protocolName } from "../kernel/conntrack/protocol-name.ts";
import type { ScanResult } from "../kernel/conntrack/scan.ts";
import type { FlowReport } from "../observe/flows/flow-order.ts";
import type { PortUse } from "../observe/flows/port-use.ts";
import type { Summary } from "../observe/flows/summary.ts";
import { formatCount, formatNoun, formatShare } from "../plan/figures.ts";
import { table } from "./text-layout.ts";

/** What --json says of how far a reading can be trusted. */
export const READING_JSON =
  "{ entries, malformed, unknownAttributes, countBefore, countAfter, interrupted, resized, complete, seconds }";

/** How far the reading can be trusted, in sentences. */
export function readingLines({ scan, withoutAge }: FlowReport): string[] {
  const { entries, countBefore, countAfter, malformed, unknownAttributes, seconds } = scan;
  const counts =
    countBefore === countAfter
      ? `the table held ${formatCount(countBefore)} before and after`
      : `the table held ${formatCount(countBefore)} before and ${formatCount(countAfter)} after`;
  const lines = [`${formatNoun(entries, "entry", "entries")} read in ${seconds.toFixed(2)} s; ${counts}`];
  const doubt = doubtOf(scan);
  if (doubt !== undefined) lines.push(doubt);
  if (malformed > 0) lines.push(`${formatNoun(malformed, "malformed entry", "malformed entries")} left out`);
  if (unknownAttributes > 0) lines.push(`${formatNoun(unknownAttributes, "attribute")} of unknown types skipped`);
  if (withoutAge) {
    lines.push("the kernel does not note when connections begin: set net.netfilter.nf_conntrack_timestamp=1");
  }
  return lines;
}

function doubtOf({ interrupted, resized, countBefore, countAfter }: ScanResult): string | undefined {
  if (resized) return "the hash table was resized meanwhile: entries may be missing or double; read again";
  if (interrupted) return "the kernel says that its dump was interrupted: entries may be missing or double; read again";
  if (countBefore === countAfter) return undefined;
  return "it changed meanwhile: connections begun or ended while it was read may be in it or not";
}

/** A summary for people; `notes` by key stand behind. */
export function summaryLines(summary: Summary, notes: ReadonlyMap<string, string>): string[] {
  const { by, connections, keys, error, top } = summary;
  const head = [by, "connections", "share", notes.size === 0 ? "" : "rule"];
  const rows = top.map((row) => [
    row.key,
    formatCount(row.connections),
    formatShare(row.share),
    notes.get(row.key) ?? "",
  ]);
  const lines = table([head, ...rows], ["left", "right", "right", "left"], 120);
  if (keys === undefined) {
    const most = formatCount(error);
    lines.push("", `too many to count each: counts may be ${most} too low, and one not listed may have ${most}`);
  } else if (keys > top.length) {
    lines.push("", `the first ${formatCount(top.length)} of ${formatCount(keys)}`);
  }
  return [...lines, "", formatNoun(connections, "connection")];
}

/** The fullest destinations for people. */
export function portUseLines(uses: readonly PortUse[], error: number): string[] {
  if (uses.length === 0) return ["no connection's source is translated at the moment"];
  const head = ["public address", "ports", "to", "used", "full", "refused", "most by"];
  const rows = uses.map((use) => [
    formatIpv4(use.address),
    `${use.ports.first}-${use.ports.last}`,
    destinationName(use),
    formatCount(use.used),
    formatShare(use.occupancy),
    formatShare(use.refusalChance),
    use.subscribers.map((one) => `${formatIpv4(one.address)} (${formatCount(one.connections)})`).join(", "),
  ]);
  const lines = table([head, ...rows], ["left", "left", "left", "right", "right", "right", "left"], 160);
  if (error > 0) lines.push("", `too many destinations to count each: counts may be ${formatCount(error)} too low`);
  return lines;
}

/** As in tcp/9.9.9.9:443. */
export function destinationName({ protocol, destination, destinationPort }: PortUse): string {
  const port = destinationPort === 0 ? "" : `:${destinationPort}`;
  return `${protocolName(protocol)}/${formatIpv4(destination)}${port}`;
}
