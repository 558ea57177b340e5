import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { measureTcp } from "../../bench-parts.ts";
import { command } from "../../command.ts";

/** Measures bulk TCP through the gateway. */
export const benchTcp = command<ReportFlags, []>({
  brief: "Measure bulk TCP by iperf3, direct and by every way through the gateway",
  description: [
    "Builds a gateway in network namespaces and a link past it, and sends one stream by iperf3 from a subscriber to a",
    "server beyond: direct, by netfilter, by the fast path at tc and at XDP, and by the one that MegaNAT chooses. Arms take",
    "turns in random order; printed are medians with 95 % intervals, and ratios to netfilter. Needs root, iperf3 and the",
    "eBPF objects.",
  ].join("\n"),
  examples: [
    ["meganat bench tcp --quick", "a quarter of a gigabyte at a time, in under a minute"],
    ["meganat bench tcp --html tcp.html", "two gigabytes at a time, with plots"],
  ],
  json: [
    ...REPORT_JSON,
    ["arms", "by arm: { bitsPerSecond, interval, runs }"],
    ["ratios", "{ directVsNetfilter, tcVsNetfilter, xdpVsNetfilter, autoVsNetfilter }, medians of the rounds"],
    ["ratioIntervals", "the same, each [low, high]"],
    ["autoChose", "what MegaNAT chose for each interface"],
    ["rounds", "how often each arm had its turn"],
  ],
  parameters: { flags: REPORT_FLAGS },
  run: async ({ output }, flags) => await reportBenchmark(output, flags, measureTcp),
});
