import { measureScale } from "../../bench-parts.ts";
import { REPORT_FLAGS, REPORT_JSON, reportBenchmark, type ReportFlags } from "../../bench-report.ts";
import { command } from "../../command.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags extends Omit<ReportFlags, "rounds"> {
  readonly connections?: number;
  readonly sample: number;
}

const { seed, quick, html, markdown } = REPORT_FLAGS;

/** Holds many translations at once. */
export const benchScale = command<Flags, []>({
  brief: "Hold ten million translations or more, and see that they still work",
  description: [
    "Builds a gateway in network namespaces, fills its table, says what memory it took and how fast it went, and then uses",
    "a sample of the connections again: a packet from inside must arrive outside translated, and its answer at the socket",
    "that asked, without a new entry in the table. Ten million take 3 GiB of the kernel's memory, 64 million 16 GiB. The",
    "host's limits are put back. Needs root and the eBPF objects.",
  ].join("\n"),
  examples: [
    ["meganat bench scale", "ten million"],
    ["meganat bench scale --quick --json", "a million, for programs"],
    ["meganat bench scale --connections 64M", "64 million: 16 GiB, and ten minutes on an idle machine"],
  ],
  json: [
    ...REPORT_JSON,
    ["held, heldAfter", "translations by the kernel's count, before and after the sample was used again"],
    ["seconds, cpuSeconds", "that filling took"],
    ["curve", "[{ held, perSecond, perCpuSecond }]"],
    ["buckets, hashBytes", "of the hash of connections"],
    ["memoryBytes", "by how much the host's available memory fell"],
    ["sample", "{ connections, delivered, answered }"],
    ["tearDownPerSecond", "connections removed a second"],
  ],
  parameters: {
    flags: {
      seed,
      quick,
      html,
      markdown,
      connections: {
        kind: "parsed",
        brief: "How many; default 10M, with --quick 1M",
        placeholder: "count",
        parse: (text: string): number => parseCount(text, 20_000, 1_000_000_000),
        optional: true,
      },
      sample: {
        kind: "parsed",
        brief: "How many of them to use again",
        placeholder: "count",
        parse: (text: string): number => parseCount(text, 64, 100_000_000),
        default: "100000",
      },
    },
  },
  run: async ({ output }, { connections, sample, ...flags }) =>
    await reportBenchmark(output, flags, async (setup) => await measureScale(setup, { connections, sample })),
});
