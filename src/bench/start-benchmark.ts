import { runInNamespace } from "../kernel/namespace.ts";
import { KernelError } from "../kernel/error.ts";
import { median } from "./median.ts";

/** The arms, in the order in which they take turns: Node.js with nothing to do, the help, a plan. */
export const START_ARMS = ["node", "help", "plan"] as const;

/** One of the programs that are started. */
export type StartArm = (typeof START_ARMS)[number];

/** What to measure. */
export interface StartBenchmarkOptions {
  /** How often each arm has its turn. */
  readonly runs: number;
  /** The command line of Node.js alone, without arguments. */
  readonly node: string;
  /** The words that make it meganat: its script, and what stands before. */
  readonly meganat: readonly string[];
  /** The gateway file to plan. */
  readonly file: string;
  readonly onRun?: (run: number) => void;
}

/** How long starting takes. */
export interface StartMeasurement {
  /** Medians, milliseconds from the start of the process to its end. */
  readonly median: Readonly<Record<StartArm, number>>;
  readonly runs: Readonly<Record<StartArm, readonly number[]>>;
}

/** Starts each program in turn and waits for its end. Throws `program-failed` if one fails. */
export function benchmarkStart(options: StartBenchmarkOptions): StartMeasurement {
  const { node, meganat, file } = options;
  const words: Record<StartArm, readonly string[]> = {
    node: ["--eval", "0"],
    help: [...meganat, "--help"],
    plan: [...meganat, "plan", file],
  };
  const runs: Record<StartArm, number[]> = { node: [], help: [], plan: [] };
  for (let run = 1; run <= options.runs; run++) {
    options.onRun?.(run);
    for (const arm of START_ARMS) runs[arm].push(timeOf(node, words[arm]));
  }
  return { median: { node: median(runs.node), help: median(runs.help), plan: median(runs.plan) }, runs };
}

function timeOf(program: string, args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = runInNamespace(undefined, program, args);
  const taken = performance.now() - start;
  if (status === 0) return taken;
  throw new KernelError("program-failed", stderr.trim(), {
    tried: `run ${[program, ...args].join(" ")}`,
    errno: 0,
    remedy: "see its words above; a gateway file that cannot be planned here cannot be measured",
  });
}
