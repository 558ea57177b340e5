import { measureForward } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";
import { CommandError } from "../../failure.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags extends ReportFlags {
  readonly connections?: number;
  readonly zipf: boolean;
}

/** Measures forwarding of established connections. */
export const benchForward = command<Flags, []>({
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
    ["meganat bench forward --quick", "1,000 connections, and a Zipf mix of 100,000, in under a minute"],
    ["meganat bench forward --connections 300k --zipf", "only this: as many as your gateway holds, some of them busy"],
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
      "{ xdpVsNetfilter, xdpVsRouted, xdpVsCeiling, tcVsNetfilter, tcVsRouted, netfilterVsRouted }, medians of the rounds",
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
  parameters: {
    flags: {
      ...REPORT_FLAGS,
      connections: {
        kind: "parsed",
        brief: "Measure with as many connections, in random order, and nothing else",
        placeholder: "count",
        parse: (text: string): number => parseCount(text, 64, 16_000_000),
        optional: true,
      },
      zipf: {
        kind: "boolean",
        brief: "With --connections: the one of rank r is used in proportion to 1/r^1.1",
        default: false,
      },
    },
  },
  run: async ({ output }, { connections, zipf, ...flags }) => {
    if (zipf && connections === undefined) {
      throw new CommandError({
        code: "usage",
        message: "--zipf says how the connections of --connections are used",
        remedy: "name a number of connections as well, as in --connections 300k --zipf",
      });
    }
    return await reportBenchmark(output, flags, async (setup) => await measureForward(setup, { connections, zipf }));
  },
});
