import { writeFileSync } from "node:fs";
import { reportHtml } from "../bench/report/html.ts";
import { readConditions, type Conditions } from "../bench/report/machine.ts";
import { reportMarkdown } from "../bench/report/markdown.ts";
import type { Section } from "../bench/report/section.ts";
import { benchText } from "./bench-text.ts";
import { CommandError } from "./failure.ts";
import type { CommandResult, Output } from "./output.ts";
import { untilStopped } from "./until-stopped.ts";
import { parseCount } from "./whole-number.ts";

/** The flags that all benchmarks with a report have. */
export interface ReportFlags {
  readonly rounds?: number;
  readonly seed: number;
  readonly quick: boolean;
  readonly html?: string;
  readonly markdown: boolean;
}

/** Rounds unless the user says how many; the fewest by which a difference is claimed are quick. */
const ROUNDS = 10;
const QUICK_ROUNDS = 6;

/** Their parameters for the command. */
export const REPORT_FLAGS = {
  rounds: {
    kind: "parsed",
    brief: `How often each arm has its turn; default ${ROUNDS}, with --quick ${QUICK_ROUNDS}; below 6 no difference is claimed`,
    placeholder: "count",
    parse: (text: string): number => parseCount(text, 1, 1000),
    optional: true,
  },
  seed: {
    kind: "parsed",
    brief: "Of the order of trials and of the connections: the same gives the same",
    placeholder: "number",
    parse: (text: string): number => parseCount(text, 0, Number.MAX_SAFE_INTEGER),
    default: "1",
  },
  quick: { kind: "boolean", brief: "Less of everything, in under a minute", default: false },
  html: {
    kind: "parsed",
    brief: "Write the report with plots to a file, one page that needs no network",
    placeholder: "file",
    parse: String,
    optional: true,
  },
  markdown: { kind: "boolean", brief: "Print the tables as Markdown", default: false },
} as const;

/** The fields that the JSON of all benchmarks with a report begins with. */
export const REPORT_JSON = [
  ["machine", "{ kernel, cpu, cpus, memoryBytes, load (at the start), started, seed }"],
  ["limits", "what limits the figures, in sentences"],
] as const;

/** What a benchmark is told. */
export interface BenchSetup {
  readonly rounds: number;
  readonly seed: number;
  readonly quick: boolean;
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
}

/** What a benchmark gives: for programs, and for people. */
export interface BenchPart {
  readonly json: object;
  readonly sections: readonly Section[];
}

/** Runs a benchmark, which Ctrl-C ends in good order, and reports it as the flags say. */
export async function reportBenchmark(
  output: Output,
  flags: ReportFlags,
  measure: (setup: BenchSetup) => Promise<BenchPart>,
): Promise<CommandResult> {
  const { seed, quick, rounds = quick ? QUICK_ROUNDS : ROUNDS } = flags;
  const conditions = readConditions(seed);
  const { json, sections } = await untilStopped((signal) =>
    measure({ rounds, seed, quick, onStep: output.progress, signal }),
  );
  if (flags.html !== undefined) writeReport(flags.html, reportHtml(conditions, sections));
  return {
    json: { machine: conditions, ...json, limits: sections.flatMap(({ limits }) => limits) },
    text: text(output, flags, conditions, sections),
  };
}

function text(output: Output, flags: ReportFlags, conditions: Conditions, sections: readonly Section[]): string {
  if (flags.markdown) return reportMarkdown(conditions, sections);
  const lines = benchText(output.paint, conditions, sections);
  return flags.html === undefined ? lines : `${lines}\n\nThe report with plots is in ${flags.html}.`;
}

function writeReport(file: string, html: string): void {
  try {
    writeFileSync(file, html);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new CommandError({
      code: "file-unwritable",
      message: `cannot write ${file}: ${words}`,
      remedy: "name a file that can be written with --html",
    });
  }
}
