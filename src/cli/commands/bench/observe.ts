import { command } from "../../command.ts";
import { table } from "../../text-layout.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags {
  readonly entries: number;
  readonly runs: number;
}

/** Measures reading the connection table. */
export const benchObserve = command<Flags, []>({
  brief: "Measure reading the connection table against conntrack",
  description: [
    "Fills the table of a gateway in a lab, and reads it by `conntrack -L`, `meganat flows --by subscriber` and",
    "`meganat flows -o extended` in turn, each as a whole program with its output to /dev/null. Prints the medians, their",
    "ratios, and the most memory that a meganat process took. Needs root, and conntrack(8) to compare with.",
  ].join("\n"),
  examples: [
    ["meganat bench observe", "a million connections, five runs"],
    ["meganat bench observe --entries 10M --runs 1 --json", "ten million: 2.5 GiB of the kernel's memory"],
  ],
  json: [
    ["entries", "connections in the table"],
    ["ratios", "{ summaryVsConntrack, listVsConntrack }: time of meganat over that of `conntrack -L`"],
    ["rssBytes", "the most memory a meganat process took"],
    ["seconds", "medians: { conntrack, summary, list }"],
    ["runs", "all times, by arm"],
  ],
  parameters: {
    flags: {
      entries: {
        kind: "parsed",
        brief: "How many connections",
        placeholder: "count",
        parse: (text) => parseCount(text, 1000, 50_000_000),
        default: "1000000",
      },
      runs: {
        kind: "parsed",
        brief: "Runs of each",
        placeholder: "count",
        parse: (text) => parseCount(text, 1, 100),
        default: "5",
      },
    },
  },
  run: async ({ output }, { entries, runs }) => {
    const [{ benchmarkObserve }, { untilStopped }] = await Promise.all([
      import("../../../bench/observe-benchmark.ts"),
      import("../../until-stopped.ts"),
    ]);
    const [node, script = ""] = process.argv;
    const found = await untilStopped((signal) =>
      benchmarkObserve({
        entries,
        runs,
        meganat: [node ?? process.execPath, ...process.execArgv, script],
        onStep: output.progress,
        signal,
      }),
    );
    const { seconds, ratios, rssBytes } = found;
    const rows = [
      ["", "seconds", "of conntrack"],
      ["conntrack -L", seconds.conntrack.toFixed(2), "1"],
      ["flows --by subscriber", seconds.summary.toFixed(2), ratios.summaryVsConntrack.toFixed(2)],
      ["flows -o extended", seconds.list.toFixed(2), ratios.listVsConntrack.toFixed(2)],
    ];
    const text = [
      `${found.entries.toLocaleString("en")} connections, median of ${runs} run${runs === 1 ? "" : "s"}`,
      ...table(rows, ["left", "right", "right"], 120),
      `${(rssBytes / 1e6).toFixed(0)} MB of memory at most`,
    ].join("\n");
    return { json: found, text };
  },
});
