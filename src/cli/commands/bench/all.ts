import { measureForward, measureHttp, measureScale, measureSetup, measureTcp } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";

/** For new connections and translations held. */
const TRIALS = 10;
const SAMPLE = 100_000;

/** Runs the benchmarks that have a common report, one after the other. */
export const benchAll = command<ReportFlags, []>({
  brief: "Run the benchmarks of gateways one after the other, with one report",
  description: [
    "Runs `bench forward`, `tcp`, `http`, `setup` and `scale` one after the other on the same machine and gives one",
    "report. Let the machine do nothing else meanwhile: it takes an hour, or some minutes with --quick. Needs root, iperf3,",
    "ab, wrk and the eBPF objects.",
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
    ["setup", "as `bench setup` gives it"],
    ["scale", "as `bench scale` gives it"],
  ],
  parameters: { flags: REPORT_FLAGS },
  run: async ({ output }, flags) =>
    await reportBenchmark(output, flags, async (setup) => {
      const forward = await measureForward(setup);
      const tcp = await measureTcp(setup);
      const http = await measureHttp(setup);
      const newConnections = await measureSetup(setup, { trials: TRIALS, rounds: 1 });
      const scale = await measureScale(setup, { sample: SAMPLE });
      return {
        json: { forward: forward.json, tcp: tcp.json, http: http.json, setup: newConnections.json, scale: scale.json },
        sections: [forward, tcp, http, newConnections, scale].flatMap(({ sections }) => sections),
      };
    }),
});
