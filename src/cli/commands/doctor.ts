import { command } from "../command.ts";

interface Flags {
  readonly interval: number;
  readonly record?: string;
}

/** Names what is wrong with the NAT of this host, with evidence and fix. */
export const doctor = command<Flags, []>({
  brief: "Say what is wrong with the NAT of this host: the cause, the evidence, the fix",
  description: [
    "Reads everything the kernel tells of NAT, twice with an interval between (counters, dropped packets, rules, the",
    "connection table, settings, the kernel's log), and looks for the known ways in which NAT fails. It needs no gateway",
    "file and works on any Linux host, whoever wrote the rules. Reads only.",
    "Exit status 1 if something is wrong.",
  ].join("\n"),
  examples: [
    ["meganat doctor", "what is wrong here, in a few seconds"],
    ["meganat doctor --netns gateway --interval 10", "look longer, in another namespace"],
    ["meganat doctor --record signals.json", "keep what was seen, to examine it elsewhere"],
  ],
  json: [
    ["verdict", "`healthy`, `degraded` or `losing-packets`"],
    [
      "findings",
      "worst first: { id, title, severity, subject?, summary, evidence, top?, why, fixes, lossPerSecond, explains?, page }",
    ],
    ["drops", "{ known, packets, perSecond, shares, unexplained, unexplainedMatters }"],
    ["capacity", "{ connections, max, used, growthPerSecond, secondsToFull?, buckets, meanChain, states, fullest }"],
    ["checked", "failure modes that were looked for"],
    ["unchecked", "those that could not be: { id, title, why }"],
    ["unseen", "what could not be read: { signal, what, why, remedy }"],
    ["takenAt", "end of the interval, ISO 8601"],
    ["seconds", "its length"],
  ],
  parameters: {
    flags: {
      interval: {
        kind: "parsed",
        brief: "Seconds between the two readings",
        placeholder: "seconds",
        parse: parseSeconds,
        default: "3",
      },
      record: {
        kind: "parsed",
        brief: "Write what was seen to this file as JSON",
        placeholder: "file",
        parse: String,
        optional: true,
      },
    },
    aliases: { i: "interval" },
  },
  run: async ({ output, netns }, { interval, record }) => {
    const [{ examine }, { doctorText }, { untilStopped }] = await Promise.all([
      import("../../observe/doctor.ts"),
      import("../doctor-text.ts"),
      import("../until-stopped.ts"),
    ]);
    const { report, signals } = await untilStopped((signal) =>
      examine({
        ...(netns === undefined ? {} : { namespace: netns }),
        seconds: interval,
        onStep: (step) => output.progress(step),
        signal,
      }),
    );
    if (record !== undefined) {
      const { writeFile } = await import("node:fs/promises");
      await writeFile(record, `${JSON.stringify(signals)}\n`);
    }
    return { json: report, text: doctorText(report, output.paint), status: report.verdict === "healthy" ? 0 : 1 };
  },
});

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 3600) return seconds;
  throw new RangeError("seconds up to 3600 are needed, as in 3 or 0.5");
}
