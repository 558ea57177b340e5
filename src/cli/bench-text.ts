import { conditionsLine, type Conditions } from "../bench/report/machine.ts";
import type { Section } from "../bench/report/section.ts";
import type { Output } from "./output.ts";
import { hang, table, wrap } from "./text-layout.ts";

const WIDTH = 110;

/** The sections of a benchmark for the terminal. */
export function benchText(paint: Output["paint"], conditions: Conditions, sections: readonly Section[]): string {
  return [
    ...wrap(conditionsLine(conditions), WIDTH),
    ...sections.flatMap((section) => sectionLines(paint, section)),
  ].join("\n");
}

function sectionLines(paint: Output["paint"], { title, method, tables, findings, limits }: Section): string[] {
  const lines = ["", paint("heading", title), ...wrap(method, WIDTH)];
  for (const { title: name, head, rows } of tables) {
    const aligns = head.map((_, column) => (column === 0 ? ("left" as const) : ("right" as const)));
    lines.push("", name, ...table([head, ...rows], aligns, WIDTH));
  }
  if (findings.length > 0) lines.push("", "What they show");
  for (const finding of findings) lines.push(...hang("  ", finding, WIDTH));
  if (limits.length > 0) lines.push("", "What limits them");
  for (const limit of limits) lines.push(...hang("  ", limit, WIDTH));
  return lines;
}
