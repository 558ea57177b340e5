import type { Examination } from "../../observe/doctor.ts";
import type { Signals } from "../../diagnose/signals.ts";
import type { Report } from "../../diagnose/report.ts";
import { command, type MeganatContext } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { CommandResult } from "../output.ts";

interface Flags {
  readonly interval: number;
  readonly watch: boolean;
  readonly profile: boolean;
  readonly fix?: string;
  readonly undo?: string;
  readonly yes: boolean;
  readonly since?: string;
  readonly record?: string;
  readonly from?: string;
}

/** Names what is wrong with the NAT of this host, with evidence and fix. */
export const doctor = command<Flags, []>({
  brief: "Say what is wrong with the NAT of this host: the cause, the evidence, the fix",
  description: [
    "Reads everything the kernel tells of NAT, twice with an interval between (counters, dropped packets, rules, the",
    "connection table, settings, the kernel's log), and looks for the known ways in which NAT fails. It needs no gateway",
    "file and works on any Linux host, whoever wrote the rules. It changes nothing unless asked to by --fix, which shows",
    "what it is about to do, asks, and notes the old values so that --undo can take it back. Fixes that would touch other",
    "people's rules are printed, never carried out.",
    "Exit status 1 if something is wrong.",
  ].join("\n"),
  examples: [
    ["meganat doctor", "what is wrong here, in a few seconds"],
    ["meganat doctor --netns gateway --interval 10", "look longer, in another namespace"],
    ["meganat doctor --fix table-full", "carry out the fix of a finding, after showing it"],
    ["meganat doctor --undo table-full", "take it back"],
    ["meganat doctor --profile", "also where NAT's CPU time goes, compared with what is usual"],
    ["meganat doctor --record signals.json", "keep what was seen; --from signals.json examines it anywhere"],
    ["meganat doctor --since signals.json", "what the counters have done since then"],
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
    ["profile", "with --profile: { nat, parts: [{ id, name, share, usual, unusual }], functions }"],
    ["fix", "with --fix: { id, sysctls, clampsSegmentSize, deletedConnections }; with --undo also done, left"],
    ["with --watch", "one object a line for each look"],
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
      watch: { kind: "boolean", brief: "Look again and again until Ctrl-C", default: false },
      profile: { kind: "boolean", brief: "Add where the CPU time of NAT goes", default: false },
      fix: text("Carry out the first fix of this finding", "id"),
      undo: text("Take the fix of this finding back", "id"),
      yes: { kind: "boolean", brief: "With --fix: do not ask", default: false },
      since: text("Compare the counters with those in a file of --record", "file"),
      record: text("Write what was seen to this file as JSON", "file"),
      from: text("Examine what a file of --record has, nothing of this host", "file"),
    },
    aliases: { i: "interval", w: "watch" },
  },
  run: async (context, flags) => {
    const { netns } = context;
    if (flags.undo !== undefined) {
      const { undoCommand } = await import("../doctor-fix.ts");
      return undoCommand(netns, flags.undo);
    }
    if (flags.from !== undefined) {
      const [{ diagnose }, { loadModes }] = await Promise.all([
        import("../../diagnose/report.ts"),
        import("../../observe/doctor.ts"),
      ]);
      const signals = await readSignals(flags.from);
      return await result(context, { signals, report: diagnose(await loadModes(), signals) });
    }
    const { untilStopped } = await import("../until-stopped.ts");
    return await untilStopped((signal) => (flags.watch ? watch : once)(context, flags, signal));
  },
});

function text(brief: string, placeholder: string) {
  return { kind: "parsed", brief, placeholder, parse: String, optional: true } as const;
}

async function look(
  { output, netns }: MeganatContext,
  { interval, since, record }: Flags,
  signal: AbortSignal,
): Promise<Examination> {
  const { examine } = await import("../../observe/doctor.ts");
  const earlier = since === undefined ? undefined : await readSignals(since);
  const examination = await examine({
    ...(netns === undefined ? {} : { namespace: netns }),
    ...(earlier === undefined ? {} : { since: earlier }),
    seconds: interval,
    onStep: (step) => output.progress(step),
    signal,
  });
  if (record !== undefined) {
    const [{ writeFile }, { formatSignals }] = await Promise.all([
      import("node:fs/promises"),
      import("../../diagnose/recording.ts"),
    ]);
    await writeFile(record, `${formatSignals(examination.signals)}\n`);
  }
  return examination;
}

async function once(context: MeganatContext, flags: Flags, signal: AbortSignal): Promise<CommandResult> {
  const profiling = flags.profile ? profileAside(flags.interval, signal) : undefined;
  const examination = await look(context, flags, signal);
  if (flags.fix !== undefined) {
    const { fixCommand } = await import("../doctor-fix.ts");
    return await fixCommand(context, examination.report, flags.fix, flags.yes);
  }
  return await result(context, examination, await profiling);
}

/** Prints a report for each look, and ends with the last one's exit status. */
async function watch(context: MeganatContext, flags: Flags, signal: AbortSignal): Promise<CommandResult> {
  const { changesText } = await import("../doctor-text.ts");
  let before: Report | undefined;
  for (;;) {
    const examination = await look(context, flags, signal);
    const { json, text: whole = "", status = 0 } = await result(context, examination);
    const words = before === undefined ? whole : changesText(before, examination.report, context.output.paint);
    before = examination.report;
    if (signal.aborted) return { json, text: words, status };
    await context.output.stream(context.output.json ? `${JSON.stringify(json)}\n` : `${words}\n`);
  }
}

async function result(
  { output }: MeganatContext,
  { report }: Examination,
  profile?: ProfileVerdict,
): Promise<CommandResult> {
  const { doctorText, profileLines } = await import("../doctor-text.ts");
  const lines = [doctorText(report, output.paint)];
  if (profile !== undefined) lines.push("", ...profileLines(profile, output.paint));
  return {
    json: { ...report, ...(profile === undefined ? {} : { profile }) },
    text: lines.join("\n"),
    status: report.verdict === "healthy" ? 0 : 1,
  };
}

type ProfileVerdict = Awaited<ReturnType<typeof profileAside>>;

async function profileAside(seconds: number, signal: AbortSignal) {
  const [{ recordProfile }, { summarize }, { judgeProfile }] = await Promise.all([
    import("../../observe/profile/record.ts"),
    import("../../observe/profile/summary.ts"),
    import("../../diagnose/profile-norm.ts"),
  ]);
  const { stacks, limits } = await recordProfile(seconds, PROFILE_FREQUENCY, signal);
  return { ...judgeProfile(summarize(stacks)), limits };
}

/** Not a divisor of the kernel's own tick, which would be met always or never. */
const PROFILE_FREQUENCY = 199;

async function readSignals(file: string): Promise<Signals> {
  const { readFile } = await import("node:fs/promises");
  const wrong = (why: string): CommandError =>
    new CommandError(
      {
        code: "signals-file",
        message: `cannot read ${file}: ${why}`,
        remedy: "give a file that `meganat doctor --record` wrote",
      },
      2,
    );
  let words: string;
  try {
    words = await readFile(file, "utf8");
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const { parseSignals } = await import("../../diagnose/recording.ts");
  let signals: Signals | undefined;
  try {
    signals = parseSignals(words);
  } catch {
    throw wrong("it is not JSON");
  }
  if (signals !== undefined) return signals;
  throw wrong("it has another form");
}

function parseSeconds(words: string): number {
  const seconds = Number(words);
  if (words.trim() !== "" && seconds > 0 && seconds <= 3600) return seconds;
  throw new RangeError("seconds up to 3600 are needed, as in 3 or 0.5");
}
