import { measureForward, measureHttp, measureTcp } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";

/** Runs the benchmarks that have a common report, one after the other. */
export const benchAll = command<ReportFlags, []>({
  brief: "Run the benchmarks of traffic one after the other, with one report",
  description: [
    "Runs `bench forward`, `bench tcp` and `bench http` one after the other on the same machine and gives one report. Let",
    "the machine do nothing else meanwhile: it takes half an hour, or three minutes with --quick. Needs root, iperf3, ab,",
    "wrk and the eBPF objects.",
  ].join("\n"),
  examples: [
    ["meganat bench all --html report.html", "everything, as one page with plots"],
    ["meganat bench all --markdown", "the tables, to be pasted into a document"],
    ["meganat bench all --quick --json", "less of everything, for programs"],
  ],
  json: [
    ...REPORT_JSON,
    ["forward", "as `bench forward` gives it"],
    ["tcp", "as `bench tcp` gives it"],
    ["http", "as `bench http` gives it"],
  ],
  parameters: { flags: REPORT_FLAGS },
  run: async ({ output }, flags) =>
    await reportBenchmark(output, flags, async (setup) => {
      const forward = await measureForward(setup);
      const tcp = await measureTcp(setup);
      const http = await measureHttp(setup);
      return {
        json: { forward: forward.json, tcp: tcp.json, http: http.json },
        sections: [...forward.sections, ...tcp.sections, ...http.sections],
      };
    }),
});
