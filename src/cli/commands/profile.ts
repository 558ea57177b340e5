import { readFileSync, writeFileSync } from "node:fs";
import { hostname, release } from "node:os";
import type { FoldedStacks } from "../../observe/profile/fold.ts";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { CommandResult, Output } from "../output.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly seconds?: number;
  readonly frequency?: number;
  readonly flame?: string;
  readonly folded?: string;
  readonly diff: boolean;
}

const DEFAULT_SECONDS = 10;
/** Not a divisor of the kernel's own tick, which would be met always or never. */
const DEFAULT_FREQUENCY = 199;

/** Samples where the kernel spends its time on NAT. */
export const profile = command<Flags, [first?: string, second?: string]>({
  brief: "Sample where the kernel spends its time: NAT's share, call tree, flame graph",
  description: [
    "Samples the kernel's call stacks on all CPUs (a clock of perf and an eBPF program; the program perf is not needed),",
    "says what share of the busy time NAT and connection tracking take, splits it into parts (lookup, translation, port",
    "search, rules, ...) and prints the call tree below the netfilter hooks. --flame writes an interactive flame graph,",
    "one HTML file that needs nothing else; --folded the stacks themselves. With --diff it compares two files of folded",
    "stacks instead. Reads only. Needs root on the host.",
  ].join("\n"),
  examples: [
    ["meganat profile", "ten seconds, as text"],
    ["meganat profile --seconds 30 --flame nat.html --folded nat.folded", "with a flame graph, and kept for later"],
    ["meganat profile --diff before.folded after.folded --flame diff.html", "what changed: red grew, blue shrank"],
  ],
  json: [
    ["seconds, cpus, frequency", "what was sampled; not with --diff"],
    ["samples", "all samples; `idle`, `user` and `kernel` of them; `lost` more had no room for their stack"],
    ["nat", "{ name, samples, share } of NAT and connection tracking; share of the busy time, 0 to 1"],
    ["parts", "its parts: { id, name, samples, share }"],
    ["functions", "the functions with the most time of their own: { name, samples, share }"],
    ["callers", "who called nf_hook_slow: [name, samples]"],
    ["tree", "calls below nf_hook_slow: { name, samples, children }; absent without samples there"],
    ["before, after", "with --diff, in `nat`, `parts` and `functions`: shares in both profiles"],
    ["limits", "what cannot be seen here, in words"],
  ],
  parameters: {
    flags: {
      seconds: {
        kind: "parsed",
        brief: `How long to sample; default ${DEFAULT_SECONDS}; Ctrl-C ends it early`,
        placeholder: "seconds",
        parse: (text) => parseCount(text, 1, 3600),
        optional: true,
      },
      frequency: {
        kind: "parsed",
        brief: `Samples a second and CPU; default ${DEFAULT_FREQUENCY}`,
        placeholder: "number",
        parse: (text) => parseCount(text, 1, 5000),
        optional: true,
      },
      flame: {
        kind: "parsed",
        brief: "Write a flame graph (HTML)",
        placeholder: "file",
        parse: String,
        optional: true,
      },
      folded: { kind: "parsed", brief: "Write folded stacks", placeholder: "file", parse: String, optional: true },
      diff: { kind: "boolean", brief: "Compare two files of folded stacks", default: false },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "With --diff: stacks before", placeholder: "before", parse: String, optional: true },
        { brief: "With --diff: stacks after", placeholder: "after", parse: String, optional: true },
      ],
    },
  },
  run: async ({ output }, flags, first, second) => {
    if (flags.diff) {
      if (first === undefined || second === undefined) throw usage("--diff needs two files of folded stacks");
      return compare(output, first, second, flags);
    }
    if (first !== undefined) throw usage("files are compared with --diff only");
    return record(output, flags);
  },
});

async function record(output: Output, flags: Flags): Promise<CommandResult> {
  const [{ recordProfile }, { summarize }, { callersOf }, text] = await Promise.all([
    import("../../observe/profile/record.ts"),
    import("../../observe/profile/summary.ts"),
    import("../../observe/profile/call-tree.ts"),
    import("../profile-text.ts"),
  ]);
  const frequency = flags.frequency ?? DEFAULT_FREQUENCY;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    const recording = await recordProfile(flags.seconds ?? DEFAULT_SECONDS, frequency, ending.signal);
    const { stacks, cpus, seconds, lost, limits } = recording;
    const summary = summarize(stacks);
    const subtitle = `${seconds.toFixed(1)} s on ${cpus} CPUs at ${frequency} Hz, ${hostname()}, Linux ${release()}, ${new Date().toISOString()}`;
    const written = await writeFiles(flags, stacks, subtitle);
    return {
      json: {
        seconds,
        cpus,
        frequency,
        ...summary,
        lost,
        callers: callersOf(stacks, "nf_hook_slow"),
        tree: text.hookTreeJson(stacks, summary.samples - summary.idle),
        limits,
      },
      text: [
        ...limits,
        ...text.profileLines(output, stacks, summary, limits.length === 0),
        ...(lost > 0 ? [`${lost} samples had no room for their stack`] : []),
        ...written,
      ].join("\n"),
    };
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
  }
}

async function compare(output: Output, first: string, second: string, flags: Flags): Promise<CommandResult> {
  const [{ alignStacks, compareProfiles }, { differenceFlameGraph }, { differenceLines }] = await Promise.all([
    import("../../observe/profile/difference.ts"),
    import("../../observe/profile/flame-graph.ts"),
    import("../profile-text.ts"),
  ]);
  const [before, after] = [await readStacks(first), await readStacks(second)];
  const difference = compareProfiles(before, after);
  const lines = differenceLines(output, difference);
  if (flags.flame !== undefined) {
    const title = { title: "What changed in the kernel's time", subtitle: `${first} to ${second}` };
    writeText(flags.flame, differenceFlameGraph(alignStacks(before, after), title));
    lines.push("", `flame graph in ${flags.flame}`);
  }
  return { json: difference, text: lines.join("\n") };
}

async function writeFiles(flags: Flags, stacks: FoldedStacks, subtitle: string): Promise<string[]> {
  const lines: string[] = [];
  if (flags.folded !== undefined) {
    const { writeFolded } = await import("../../observe/profile/fold.ts");
    writeText(flags.folded, writeFolded(stacks));
    lines.push(`folded stacks in ${flags.folded}`);
  }
  if (flags.flame !== undefined) {
    const { flameGraph } = await import("../../observe/profile/flame-graph.ts");
    writeText(flags.flame, flameGraph(stacks, { title: "Where the kernel spends its time", subtitle }));
    lines.push(`flame graph in ${flags.flame}`);
  }
  return lines.length === 0 ? [] : ["", ...lines];
}

async function readStacks(file: string): Promise<FoldedStacks> {
  const { readFolded } = await import("../../observe/profile/fold.ts");
  try {
    return readFolded(readFileSync(file, "utf8"));
  } catch (error) {
    const remedy = "`meganat profile --folded FILE` writes such files";
    throw new CommandError({ code: "file-unreadable", message: `cannot read ${file}: ${words(error)}`, remedy });
  }
}

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const remedy = "name a file in a folder you may write to";
    throw new CommandError({ code: "file-unwritable", message: `cannot write ${file}: ${words(error)}`, remedy });
  }
}

function usage(message: string): CommandError {
  return new CommandError({ code: "usage", message, remedy: "`meganat profile --help` has examples" }, 2);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
