import { CAUSES } from "../observe/drops/cause.ts";
import { tupleText } from "../observe/drops/packet.ts";
import type { DropReport, NamedPacket, NamedRow } from "../observe/drops/watch.ts";
import type { Output } from "./output.ts";
import { hang, table } from "./text-layout.ts";

const WIDTH = 110;
/** Rows of the table; the rest is told as a sum. */
const MOST_ROWS = 20;

/** A report for people: causes in words, then where exactly, then sampled headers. */
export function dropLines(output: Output, report: DropReport): string[] {
  const { packets, seconds, causes, rows, samples, samplesLost, unattributed } = report;
  const rate = seconds > 0 ? ` (${Math.round(packets / seconds)}/s)` : "";
  const head = `${packets} packets dropped in ${seconds.toFixed(1)} s${rate}`;
  const lines = [output.paint("heading", head)];
  for (const { cause, packets: dropped, confirmedBy } of causes) {
    const { title, meaning, see } = CAUSES[cause];
    lines.push(`  ${output.paint("bad", String(dropped).padStart(8))}  ${title} (${share(dropped, packets)})`);
    lines.push(...hang("            ", meaning, WIDTH));
    if (confirmedBy.length > 0) {
      const text = confirmedBy.map(({ counter, delta }) => `${counter} +${delta}`).join(", ");
      lines.push(...hang("            confirmed by ", text, WIDTH));
    }
    if (see !== undefined) lines.push(...hang("            see ", see, WIDTH));
  }
  if (rows.length > 0) lines.push("", ...rowLines(rows));
  if (unattributed > 0) lines.push(`  ${unattributed} more drops could not be attributed: too many causes at once`);
  if (samples.length > 0) lines.push("", ...samples.flatMap(packetLines));
  if (samplesLost > 0) lines.push(`  ${samplesLost} more packets not sampled: they came too fast`);
  return lines;
}

function rowLines(rows: readonly NamedRow[]): string[] {
  const shown = rows.slice(0, MOST_ROWS);
  const rest = rows.slice(MOST_ROWS).reduce((sum, { packets }) => sum + packets, 0);
  const cells = shown.map((row) => [
    String(row.packets),
    row.reason,
    row.location,
    row.protocol,
    row.interface,
    row.namespace,
    row.meaning ?? "",
  ]);
  const head = ["packets", "reason", "function", "protocol", "interface", "namespace", "what the function does"];
  return [
    ...table([head, ...cells], ["right", "left", "left", "left", "left", "left", "left"], 160),
    ...(rest > 0 ? [`  ${rest} more in ${rows.length - MOST_ROWS} rows`] : []),
  ];
}

function packetLines({ tuple, translation, reason, location, length, interface: link }: NamedPacket): string[] {
  const what = tuple === undefined ? "no IP packet" : tupleText(tuple);
  const lines = [`  ${what}  ${length} bytes on ${link}, ${reason} in ${location}`];
  if (translation !== undefined) {
    lines.push(`      before translation ${tupleText(translation.before)}`);
    lines.push(`      after translation  ${tupleText(translation.after)}`);
  } else if (tuple !== undefined) lines.push("      of no connection in the table");
  return lines;
}

function share(part: number, whole: number): string {
  return whole === 0 ? "0 %" : `${((100 * part) / whole).toFixed(1)} %`;
}
