import type { LogFinding, LogSummary } from "../observe/log/log-summary.ts";
import type { Output } from "./output.ts";
import { hang } from "./text-layout.ts";

const WIDTH = 110;

/** What the log says of NAT, in words. */
export function logText(summary: LogSummary, notes: readonly string[], paint: Output["paint"]): string {
  const lines = summary.findings.flatMap((finding) => [...findingLines(finding, paint), ""]);
  if (lines.length === 0) lines.push("The kernel's log says nothing of NAT.", "");
  for (const note of [readNote(summary), ...notes]) lines.push(...hang("note: ", note, WIDTH));
  return lines.join("\n");
}

function findingLines({ kind, of, count, first, last, text }: LogFinding, paint: Output["paint"]): string[] {
  const times = count === 1 || first === last ? localTime(last) : `${localTime(first)} to ${localTime(last)}`;
  const head = `${kind.id}${of === "" ? "" : ` (${of})`}: ${count.toLocaleString("en-US")} ${count === 1 ? "time" : "times"}, ${times}`;
  return [
    paint(kind.tells === "loss" ? "bad" : "warning", head),
    ...hang("  ", kind.words, WIDTH),
    ...hang("  remedy: ", kind.remedy, WIDTH),
    ...hang("  kernel said: ", text.slice(0, 300), WIDTH),
  ];
}

function readNote({ records, oldest, before, missed }: LogSummary): string {
  if (oldest === undefined) return "the log is empty";
  const since = `${records.toLocaleString("en-US")} messages read, the oldest of ${localTime(oldest)}`;
  const gone = before > 0 ? `; ${before.toLocaleString("en-US")} earlier ones since boot are overwritten` : "";
  const gaps = missed > 0 ? `; ${missed.toLocaleString("en-US")} were overwritten while reading` : "";
  return since + gone + gaps;
}

/** The machine's time, to the second: 2026-11-21 21:40:03. */
export function localTime(milliseconds: number): string {
  const at = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 19).replace("T", " ");
}

/** The object that --json prints. */
export function logJson(summary: LogSummary, notes: readonly string[]): object {
  const { records, before, missed, oldest } = summary;
  return {
    findings: summary.findings.map(findingJson),
    records,
    overwrittenBefore: before,
    overwrittenSince: missed,
    oldest: oldest === undefined ? undefined : new Date(oldest).toISOString(),
    notes,
  };
}

function findingJson({ kind, of, count, first, last, text }: LogFinding): object {
  return {
    id: kind.id,
    of: of === "" ? undefined : of,
    tells: kind.tells,
    count,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    words: kind.words,
    remedy: kind.remedy,
    text,
  };
}
