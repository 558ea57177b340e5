import { measureHttp } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";

/** Measures HTTP through the gateway. */
export const benchHttp = command<ReportFlags, []>({
  brief: "Measure requests a second by ab and wrk, direct and by every way through the gateway",
  description: [
    "Builds a gateway in network namespaces and a link past it, and asks a web server beyond for a page that it makes",
    "anew: by ab, with a connection for each request, and by wrk, with connections that stay. Direct, by netfilter, by the",
    "fast path at tc and at XDP, and by the one that MegaNAT chooses, in turns of random order. Printed are medians with",
    "95 % intervals, ratios to direct, and latency percentiles. Needs root, ab, wrk and the eBPF objects.",
  ].join("\n"),
  examples: [
    ["meganat bench http --quick", "direct, netfilter and the fast path that MegaNAT chooses, in under a minute"],
    ["meganat bench http --rounds 20 --json", "more rounds, for programs"],
  ],
  json: [
    ...REPORT_JSON,
    [
      "ab",
      "{ arms: by arm { requestsPerSecond, interval, latencyMilliseconds { p50, p90, p99 }, failed, runs }, ratios, ratioIntervals }",
    ],
    ["wrk", "the same"],
    ["autoChose", "what MegaNAT chose for each interface"],
    ["connections", "of each tool, at a time"],
    ["rounds", "how often each arm had its turn"],
  ],
  parameters: { flags: REPORT_FLAGS },
  run: async ({ output }, flags) => await reportBenchmark(output, flags, measureHttp),
});
