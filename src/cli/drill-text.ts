import { formatPercent } from "../diagnose/figures.ts";
import type { AnyResult, DrillResult } from "../lab/drill/drill.ts";
import type { Output } from "./output.ts";

const ID_WIDTH = 28;
const SILENT = "silent   ";
const FOUND = "found    ";

/** A line about a fault, several together, or a clean lab. */
export function resultLine(result: AnyResult, paint: Output["paint"]): string {
  const time = result.seconds.toFixed(1).padStart(5);
  const complaint = result.complaint === undefined ? [] : [result.complaint];
  if ("findings" in result) {
    const verdict =
      result.findings.length + complaint.length === 0 ? paint("good", SILENT) : paint("bad", "NOT SILENT");
    return `${head(result.id)} ${verdict} ${time} s  ${result.title}${detail([...result.findings, ...complaint])}`;
  }
  if (result.skipped !== undefined) {
    return `${head(result.id)} ${paint("quiet", "skipped  ")}          ${result.skipped}`;
  }
  const verdict = result.found ? paint("good", FOUND) : paint("bad", "NOT FOUND");
  const order = "named" in result && result.named.length > 1 ? `; named: ${result.named.join(", ")}` : "";
  const fixed = "fixed" in result && result.fixed !== undefined ? `; after the fix ${result.fixed}` : "";
  return `${head(result.id)} ${verdict} ${time} s  ${result.title}${order}${fixed}${detail([...result.others, ...complaint])}`;
}

/** Names of several faults are longer than the column, and get a line of their own. */
function head(id: string): string {
  return id.length <= ID_WIDTH ? id.padEnd(ID_WIDTH) : `${id}\n${" ".repeat(ID_WIDTH)}`;
}

/** What the drill comes to. */
export function drillText(
  { recall, precision, modes, faults, together, stopped }: DrillResult,
  paint: Output["paint"],
): string {
  const skipped = [...faults, ...together].filter((fault) => fault.skipped !== undefined).length;
  const lines = [
    "",
    `${paint("heading", "Recall")} ${formatPercent(recall)}, ${paint("heading", "precision")} ${formatPercent(precision)}` +
      `; ${modes.planted} of ${modes.all} failure modes planted${skipped === 0 ? "" : `, ${skipped} faults skipped`}`,
  ];
  if (stopped) lines.push(paint("warning", "Stopped before its end: what is missing was not tried."));
  return lines.join("\n");
}

function detail(lines: readonly string[]): string {
  return lines.map((line) => `\n${" ".repeat(ID_WIDTH + 1)}also: ${line}`).join("");
}
