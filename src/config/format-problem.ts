import type { LocatedProblem } from "./source/located-problem.ts";

/** How problems are printed. */
export interface FormatOptions {
  readonly color?: boolean;
  /** Problems printed before the rest is only counted. 50 unless said. */
  readonly limit?: number;
}

/** Columns of a source line shown; a longer one is cut around the place. */
const WIDTH = 120;

const COLORS = { error: 31, warning: 33, place: 1, frame: 36, fix: 32 } as const;

/**
 * One problem as people read it: `file:line:column: error[code]: message`, the line, a caret run
 * under the place, and `fix: ...`; without a line break at the end.
 */
export function formatProblem(problem: LocatedProblem, options: FormatOptions = {}): string {
  const paint = (color: keyof typeof COLORS, text: string) =>
    options.color === true ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text;
  const place = paint("place", `${problem.file}:${problem.line}:${problem.column}:`);
  const head = `${place} ${paint(problem.severity, `${problem.severity}[${problem.code}]`)}: ${problem.message}`;
  const fix = `  ${paint("fix", "fix:")} ${problem.fix}`;
  if (problem.text === "") return `${head}\n${fix}`;
  const { text, before, length } = excerpt(problem);
  const number = String(problem.line).padStart(5);
  const carets = paint(problem.severity, "^".repeat(length));
  return [
    head,
    `${paint("frame", `${number} |`)} ${text}`,
    `${paint("frame", `${" ".repeat(5)} |`)} ${blank(before)}${carets}`,
    fix,
  ].join("\n");
}

/** All problems, a blank line between them, and how many there are; without a line break at the end. */
export function formatProblems(problems: readonly LocatedProblem[], options: FormatOptions = {}): string {
  const limit = options.limit ?? 50;
  const shown = problems.slice(0, limit).map((problem) => formatProblem(problem, options));
  if (problems.length > limit) shown.push(`... and ${problems.length - limit} more`);
  shown.push(countProblems(problems));
  return shown.join("\n\n");
}

function countProblems(problems: readonly LocatedProblem[]): string {
  const count = (severity: "error" | "warning") => {
    const number = problems.filter((problem) => problem.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}${number === 1 ? "" : "s"}`];
  };
  return [...count("error"), ...count("warning")].join(", ");
}

function excerpt(problem: LocatedProblem): { text: string; before: string; length: number } {
  const at = problem.column - 1;
  const start = problem.text.length <= WIDTH ? 0 : Math.max(0, Math.min(at - 40, problem.text.length - WIDTH));
  const end = Math.min(problem.text.length, start + WIDTH);
  const lead = start > 0 ? "..." : "";
  const tail = end < problem.text.length ? "..." : "";
  return {
    text: lead + problem.text.slice(start, end) + tail,
    before: lead + problem.text.slice(start, at),
    length: Math.max(1, Math.min(problem.length, end - at)),
  };
}

// Tabs stay tabs, so that the carets stand under the value whatever a terminal makes of them.
function blank(text: string): string {
  return Array.from(text, (character) => (character === "\t" ? "\t" : " ")).join("");
}
