import { fileURLToPath } from "node:url";
import { command } from "../../command.ts";
import { table } from "../../text-layout.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags {
  readonly runs: number;
}

const EXAMPLE = fileURLToPath(new URL("../../../../examples/campus.yaml", import.meta.url));
const TITLES = { node: "node --eval 0", help: "meganat --help", plan: "meganat plan" } as const;

/** Measures how long meganat takes to start. */
export const benchStart = command<Flags, [file?: string]>({
  brief: "Measure how long the help and a plan take, against Node.js with nothing to do",
  description: [
    "Starts `node --eval 0`, `meganat --help` and `meganat plan FILE` in turn, each as a whole program, and prints the",
    "median of each and how much of it is MegaNAT's own. A busy machine slows all three alike: compare them with each",
    "other, not with another machine. Changes nothing.",
  ].join("\n"),
  examples: [
    ["meganat bench start", "21 runs with examples/campus.yaml"],
    ["meganat bench start gateway.yaml --runs 5 --json", "your own file, for programs"],
  ],
  json: [
    ["unit", "ms"],
    ["median", "{ node, help, plan }: from the start of the program to its end"],
    ["runs", "all times, by arm"],
  ],
  parameters: {
    flags: {
      runs: {
        kind: "parsed",
        brief: "Runs of each",
        placeholder: "count",
        parse: (text) => parseCount(text, 1, 1000),
        default: "21",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Gateway file (default: examples/campus.yaml)", placeholder: "file", parse: String, optional: true },
      ],
    },
  },
  run: async ({ output }, { runs }, file = EXAMPLE) => {
    const { benchmarkStart, START_ARMS } = await import("../../../bench/start-benchmark.ts");
    const [node = process.execPath, script = ""] = process.argv;
    const found = benchmarkStart({
      runs,
      node,
      meganat: [...process.execArgv, script],
      file,
      onRun: (run) => output.progress(`run ${run} of ${runs}`),
    });
    const rows = START_ARMS.map((arm) => [
      TITLES[arm],
      found.median[arm].toFixed(0),
      (found.median[arm] - found.median.node).toFixed(0),
    ]);
    const text = [
      `milliseconds, median of ${runs} run${runs === 1 ? "" : "s"}`,
      ...table([["", "whole", "our own"], ...rows], ["left", "right", "right"], 120),
    ].join("\n");
    return { json: { unit: "ms", ...found }, text };
  },
});
