import { formatPercent } from "../diagnose/figures.ts";
import type { CleanResult, DrillResult } from "../lab/drill/drill.ts";
import type { FaultResult } from "../lab/drill/run-fault.ts";
import type { Output } from "./output.ts";

const ID_WIDTH = 28;

/** A line about one fault or clean lab. */
export function resultLine(result: FaultResult | CleanResult, paint: Output["paint"]): string {
  const time = result.seconds.toFixed(1).padStart(5);
  if ("findings" in result) {
    const verdict = result.findings.length === 0 ? paint("good", "silent   ") : paint("bad", "NOT SILENT");
    return `${result.id.padEnd(ID_WIDTH)} ${verdict} ${time} s  ${result.title}${detail(result.findings)}`;
  }
  if (result.skipped !== undefined) {
    return `${result.id.padEnd(ID_WIDTH)} ${paint("quiet", "skipped  ")}          ${result.skipped}`;
  }
  const verdict = result.found ? paint("good", "found    ") : paint("bad", "NOT FOUND");
  const fixed = result.fixed === undefined ? "" : `; after the fix ${result.fixed}`;
  const complaint = result.complaint === undefined ? [] : [result.complaint];
  return `${result.id.padEnd(ID_WIDTH)} ${verdict} ${time} s  ${result.title}${fixed}${detail([...result.others, ...complaint])}`;
}

/** What the drill comes to. */
export function drillText({ recall, precision, modes, faults }: DrillResult, paint: Output["paint"]): string {
  const skipped = faults.filter((fault) => fault.skipped !== undefined).length;
  const lines = [
    "",
    `${paint("heading", "Recall")} ${formatPercent(recall)}, ${paint("heading", "precision")} ${formatPercent(precision)}` +
      `; ${modes.planted} of ${modes.all} failure modes planted${skipped === 0 ? "" : `, ${skipped} faults skipped`}`,
  ];
  return lines.join("\n");
}

function detail(lines: readonly string[]): string {
  return lines.map((line) => `\n${" ".repeat(ID_WIDTH + 1)}also: ${line}`).join("");
}
