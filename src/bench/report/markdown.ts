import { conditionsLine, type Conditions } from "./machine.ts";
import type { ReportTable, Section } from "./section.ts";

/** The sections as Markdown, to be pasted into docs/benchmarks.md. */
export function reportMarkdown(conditions: Conditions, sections: readonly Section[]): string {
  return `${[`Measured on: ${conditionsLine(conditions)}`, ...sections.map(sectionMarkdown)].join("\n\n")}\n`;
}

function sectionMarkdown({ title, method, tables, findings, limits }: Section): string {
  const lists = [...findings, ...limits].map((sentence) => `- ${escape(sentence)}`).join("\n");
  return [`## ${escape(title)}`, escape(method), ...tables.map(tableMarkdown), ...(lists === "" ? [] : [lists])].join(
    "\n\n",
  );
}

function tableMarkdown({ title, head, rows }: ReportTable): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => escape(row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => pad(escape(cells[i] ?? ""), width, i)).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [`### ${escape(title)}`, "", line(head), rule, ...rows.map(line)].join("\n");
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}

function escape(text: string): string {
  return text.replaceAll(/[\\|*_<`]/g, (character) => `\\${character}`);
}
