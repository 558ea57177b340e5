import type { CounterSnapshot } from "../../observe/counters/snapshot.ts";
import { command } from "../command.ts";
import type { CommandResult } from "../output.ts";

interface Flags {
  readonly watch: boolean;
  readonly interval: number;
  readonly all: boolean;
  readonly cpus: boolean;
}

/** Shows the kernel's counters that matter to NAT, and how fast they go. */
export const stats = command<Flags, []>({
  brief: "Show the kernel's counters that matter to NAT, and how fast they go",
  description: [
    "Takes two samples and shows totals, changes and rates: connection tracking, packets lost and why, CPUs that take",
    "packets in, interfaces and their queues, neighbours, fragments, and the counters of every rule there is, whoever",
    "made it. A line that begins its words with ! lost packets in the interval. Needs no gateway file. Counters that",
    "the kernel keeps in 32 bits and that start again at 0 still give right rates.",
    "What cannot be read here, without root or in a container, is listed at the end with the reason.",
  ].join("\n"),
  examples: [
    ["meganat stats", "what counts now, over one second"],
    ["meganat stats --watch --interval 5", "every five seconds until Ctrl-C"],
    ["meganat stats --interval 0 --all --cpus", "one sample, counters at 0 too, each CPU's share"],
  ],
  json: [
    ["takenAt", "when the later sample was taken, ISO 8601; with --watch one object a line"],
    ["seconds", "between the samples; absent with --interval 0"],
    ["hostNamespace", "false in a namespace of a lab or container, where some counters are not shown"],
    [
      "counters",
      "by name: { kind, bits, value, before, delta, perSecond, cpus, scope, tells, words, text }; delta is absent if the counter was made anew",
    ],
    ["missing", "what could not be read: { group, what, why, remedy }"],
  ],
  parameters: {
    flags: {
      watch: { kind: "boolean", brief: "Go on until Ctrl-C", default: false },
      interval: {
        kind: "parsed",
        brief: "Seconds between samples; 0: one sample only",
        placeholder: "seconds",
        parse: parseSeconds,
        default: "1",
      },
      all: { kind: "boolean", brief: "Show counters that are 0 as well", default: false },
      cpus: { kind: "boolean", brief: "Show each CPU's share", default: false },
    },
    aliases: { w: "watch", i: "interval", a: "all" },
  },
  run: async ({ output, netns }, flags) => {
    const [{ takeSnapshot, compareSnapshots }, { statsText, statsJson }, { untilStopped, pause }] = await Promise.all([
      import("../../observe/counters/snapshot.ts"),
      import("../stats-text.ts"),
      import("../until-stopped.ts"),
    ]);
    const resultOf = (
      before: CounterSnapshot | undefined,
      after: CounterSnapshot,
    ): Required<Omit<CommandResult, "status">> => {
      const changes = before === undefined ? undefined : compareSnapshots(before, after);
      return {
        json: statsJson(before, after, changes),
        text: statsText({ after, changes, all: flags.all, cpus: flags.cpus }, output.paint),
      };
    };
    return untilStopped(async (signal) => {
      let before = takeSnapshot(netns);
      if (flags.interval === 0) return resultOf(undefined, before);
      await pause(flags.interval * 1000, signal);
      let after = takeSnapshot(netns);
      while (flags.watch && !signal.aborted) {
        const { json, text } = resultOf(before, after);
        await output.stream(output.json ? `${JSON.stringify(json)}\n` : `${text}\n\n`);
        await pause(flags.interval * 1000, signal);
        [before, after] = [after, takeSnapshot(netns)];
      }
      return resultOf(before, after);
    });
  },
});

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new RangeError("seconds from 0 to 86400 are needed, as in 1 or 0.5");
}
