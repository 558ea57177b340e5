import { command } from "../../command.ts";
import { table } from "../../text-layout.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags {
  readonly subscribers: readonly number[];
  readonly runs: number;
}

const TITLES = {
  read: "read",
  plan: "plan",
  render: "render",
  apply: "apply",
  applyAgain: "apply again",
  addOne: "add one",
  remove: "remove",
} as const;

/** Measures planning and applying. */
export const benchApply = command<Flags, []>({
  brief: "Measure reading, planning, rendering and applying gateways of 1,000 to 100,000 subscribers",
  description: [
    "Makes gateway files with so many subscribers, each with a port block, and measures reading, planning, rendering and",
    "applying them in a network namespace made for each run; then applying without a change, adding one subscriber (from",
    "the changed file to the changed kernel), and removing. Prints the median of the runs. Needs root.",
  ].join("\n"),
  examples: [
    ["meganat bench apply", "1,000, 10,000 and 100,000 subscribers, five runs each"],
    ["meganat bench apply --subscribers 20k --runs 3 --json", "another size, for programs"],
  ],
  json: [
    ["unit", "ms"],
    [
      "measurements",
      "for each size: { subscribers, median: { read, plan, render, apply, applyAgain, addOne, remove }, runs }",
    ],
  ],
  parameters: {
    flags: {
      subscribers: {
        kind: "parsed",
        brief: "How many, with commas between sizes",
        placeholder: "counts",
        parse: (text) => parseCount(text, 1, 1_000_000),
        variadic: ",",
        default: ["1000", "10000", "100000"],
      },
      runs: {
        kind: "parsed",
        brief: "Runs of each size",
        placeholder: "count",
        parse: (text) => parseCount(text, 1, 100),
        default: "5",
      },
    },
  },
  run: async ({ output }, { subscribers, runs }) => {
    const { benchmarkApply, STEPS } = await import("../../../bench/apply-benchmark.ts");
    const measurements = benchmarkApply({
      subscribers,
      runs,
      onRun: (size, run) => output.progress(`${size} subscribers, run ${run} of ${runs}`),
    });
    const rows = measurements.map((one) => [
      one.subscribers.toLocaleString("en"),
      ...STEPS.map((step) => one.median[step].toFixed(1)),
    ]);
    const head = ["subscribers", ...STEPS.map((step) => TITLES[step])];
    const lines = table(
      [head, ...rows],
      head.map(() => "right" as const),
      120,
    );
    const text = [`milliseconds, median of ${runs} run${runs === 1 ? "" : "s"}`, ...lines].join("\n");
    return { json: { unit: "ms", measurements }, text };
  },
});
