import { measureForward } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";

/** Measures forwarding of established connections. */
export const benchForward = command<ReportFlags, []>({
  brief: "Measure forwarding packets of established connections by every way there is",
  description: [
    "Builds two gateways in network namespaces, one with NAT and one that only forwards, makes connections that the",
    "kernel holds as assured, and sends 64-byte UDP packets of them as fast as it goes: through plain forwarding,",
    "netfilter and the fast path at tc and at XDP, and beside them bare XDP redirect and the generator alone as",
    "yardsticks. Packets are counted where they arrive. Arms take turns in random order; printed are medians with 95 %",
    "intervals, and ratios within the run. Measured with 1,000 connections, with 1,000,000 in random order and in a Zipf",
    "mix, and with 100,000 to 10,000,000 in the table (2.5 GiB of the kernel's memory), in about a quarter of an hour.",
    "Generator, gateway and receiver share one CPU. Needs root and the eBPF objects.",
  ].join("\n"),
  examples: [
    ["meganat bench forward --quick", "1,000 connections, and a Zipf mix of 20,000, in under a minute"],
    ["meganat bench forward --html forward.html", "all of it, with plots"],
    ["meganat bench forward --quick --rounds 20 --json", "more rounds, for programs"],
  ],
  json: [
    ...REPORT_JSON,
    [
      "arms",
      "with 1,000 connections, by arm: { pps, interval, nanosecondsPerPacket, cpuSecondsPerPacket, runs, sent, received }",
    ],
    [
      "ratios",
      "{ xdpVsNetfilter, xdpVsRouted, xdpVsCeiling, tcVsNetfilter, tcVsRouted, netfilterVsRouted }, of medians",
    ],
    ["ratioIntervals", "the same, each [low, high]"],
    [
      "measurements",
      "all that was measured: { condition, connections, mix, inTable, rounds, arms, ratios, ratioIntervals }",
    ],
    ["lossFree", "RFC 2544 throughput by arm: { rate, lossAt, trials }; absent with --quick"],
    ["frameBytes", "64: 60 and the checksum that a virtual link has not"],
    ["cpu", "the CPU on which all ran"],
  ],
  parameters: { flags: REPORT_FLAGS },
  run: async ({ output }, flags) => await reportBenchmark(output, flags, measureForward),
});
