import { setTimeout as sleep } from "node:timers/promises";
import { KernelError } from "../../kernel/error.ts";
import type { DropReport, Watch } from "../../observe/drops/watch.ts";
import { command } from "../command.ts";
import type { CommandResult } from "../output.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly interval?: number;
  readonly count?: number;
  readonly packets: boolean;
}

/** Headers sampled a second and processor. */
const SAMPLES_PER_SECOND = 10;

/** Counts the packets the kernel drops, by why and where. */
export const drops = command<Flags, []>({
  brief: "Count the packets the kernel drops: why, where, which protocol, interface and namespace",
  description: [
    "Counts in the kernel (eBPF on the tracepoint skb:kfree_skb), so that no packet is copied and counting costs about",
    "0.1 us a drop. For each interval it says what was dropped and why, in words, with the counters of the kernel that",
    "went up at the same time. It sees all network namespaces; with --netns only that one. It prints every interval",
    "until Ctrl-C, and then all intervals together. Reads only. Needs root on the host and Linux 5.17;",
    "without, it tells what the kernel's own counters say, which anyone may read.",
  ].join("\n"),
  examples: [
    ["meganat drops", "every second, until Ctrl-C"],
    ["meganat drops --interval 10 --count 1 --json", "ten seconds, for programs"],
    ["meganat drops --packets --netns gateway", "with headers of some packets, before and after translation"],
  ],
  json: [
    [
      "seconds",
      "length of the interval; one object a line for each interval, the last one the sum if there were several",
    ],
    ["packets", "dropped in it; `unattributed` more could not be given a cause"],
    ["causes", "list of { cause, packets, confirmedBy: [{ counter, delta }] }, most packets first"],
    ["rows", "list of { packets, cause, reason, location, protocol, interface, namespace, meaning? }"],
    [
      "samples",
      "with --packets: list of { reason, location, cause, interface, namespace, length, tuple?, translation? }",
    ],
    ["samplesLost", "headers not sampled because they came too fast"],
    ["limits", "what cannot be seen here, in words"],
    ["total", "true for the sum of all intervals"],
  ],
  parameters: {
    flags: {
      interval: {
        kind: "parsed",
        brief: "Seconds between two reports; default 1",
        placeholder: "seconds",
        parse: (text) => parseCount(text, 1, 86_400),
        optional: true,
      },
      count: {
        kind: "parsed",
        brief: "Reports to make; default: until Ctrl-C",
        placeholder: "number",
        parse: (text) => parseCount(text, 1, 1_000_000),
        optional: true,
      },
      packets: {
        kind: "boolean",
        brief: `Show headers of dropped packets, ${SAMPLES_PER_SECOND} a second and CPU at most`,
        default: false,
      },
    },
  },
  run: async ({ output, netns }, { interval, count, packets }) => {
    const { dropLines } = await import("../drops-text.ts");
    const result = (report: DropReport, total: boolean): CommandResult => ({
      json: { ...report, limits: watch.limits, total },
      text: [...(total ? ["", "All together"] : []), ...dropLines(output, report)].join("\n"),
    });
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const watch = await openWatch(netns, packets ? SAMPLES_PER_SECOND : 0);
    process.once("SIGINT", end).once("SIGTERM", end);
    try {
      for (const limit of watch.limits) output.say(limit);
      for (let made = 1; ; made++) {
        // Aborted is an end like any other: what was counted so far is told.
        await sleep((interval ?? 1) * 1000, undefined, { signal: ending.signal }).catch(() => undefined);
        const last = result(watch.next(), false);
        const over = ending.signal.aborted || made === count;
        if (over && made === 1) return last;
        output.result(last);
        if (over) return result(watch.total(), true);
      }
    } finally {
      process.off("SIGINT", end).off("SIGTERM", end);
      watch.close();
    }
  },
});

/** Where eBPF is not to be had, the kernel's counters still tell something. */
async function openWatch(netns: string | undefined, samplesPerSecond: number): Promise<Watch> {
  const [{ DropWatch }, { CounterWatch }] = await Promise.all([
    import("../../observe/drops/watch.ts"),
    import("../../observe/drops/counter-watch.ts"),
  ]);
  try {
    return new DropWatch({ namespace: netns, only: netns !== undefined, samplesPerSecond });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    // Also tells whether there is such a namespace.
    return new CounterWatch(netns, error);
  }
}
