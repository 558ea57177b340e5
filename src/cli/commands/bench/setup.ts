import { measureSetup } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags extends ReportFlags {
  readonly connections?: number;
  readonly trials: number;
}

/** Measures establishing connections by what the table holds. */
export const benchSetup = command<Flags, []>({
  brief: "Measure new connections against how full the table is, stock settings and planned ones",
  description: [
    "Builds a gateway in network namespaces and measures how fast it takes up new connections with an empty table, and",
    "with more and more in it; and how fast they are removed (RFC 9693). Once with limit and buckets raised as everybody",
    "does, and once with what meganat plans. Ten million connections take 3 GiB of the kernel's memory and a quarter of",
    "an hour. The rates are for CPU time, so that they mean something on a machine that has other work as well. The",
    "host's limits are put back. Needs root and the eBPF objects.",
  ].join("\n"),
  examples: [
    ["meganat bench setup --quick", "up to 300,000 connections, in about a minute"],
    ["meganat bench setup --html setup.html", "up to ten million, with the curve"],
    ["meganat bench setup --connections 1M --rounds 3 --json", "more rounds, for programs"],
  ],
  json: [
    ...REPORT_JSON,
    ["slice", "connections of one trial"],
    [
      "arms",
      "{ stock, planned }, each { settings, levels: [{ held, perCpuSecond, perSecond, tried, refused }], emptyAgain, tearDown }; estimates as { median, low, high, runs }",
    ],
    [
      "ratios",
      "{ stockFullVsEmpty, plannedFullVsEmpty, plannedVsStockFull } by CPU time, each { ratio, low, high, rounds }",
    ],
  ],
  parameters: {
    flags: {
      ...REPORT_FLAGS,
      rounds: { ...REPORT_FLAGS.rounds, brief: "How often each arm has its turn; default 1" },
      connections: {
        kind: "parsed",
        brief: "The most to hold; default 10M, with --quick 300k",
        placeholder: "count",
        parse: (text: string): number => parseCount(text, 10_000, 100_000_000),
        optional: true,
      },
      trials: {
        kind: "parsed",
        brief: "Trials at each level; below 6 no difference is claimed",
        placeholder: "count",
        parse: (text: string): number => parseCount(text, 1, 1000),
        default: "10",
      },
    },
  },
  run: async ({ output }, { connections, trials, rounds = 1, ...flags }) =>
    await reportBenchmark(
      output,
      { ...flags, rounds },
      async (setup) => await measureSetup(setup, { connections, trials, rounds }),
    ),
});
