import { isIPv4 } from "node:net";
import { SUMMARY_KEYS, type Summary, type SummaryKey } from "../../../observe/flows/summary.ts";
import { formatNoun } from "../../../plan/figures.ts";
import { command, type MeganatContext } from "../../command.ts";
import { countLines, fastPathCounts } from "../../fast-path-counts.ts";
import { FLOW_FILTER_ALIASES, FLOW_FILTER_FLAGS, flowFilter, type FlowFilterFlags } from "../../flow-filter.ts";
import { READING_JSON, readingLines, summaryLines } from "../../flows-text.ts";
import { planFile } from "../../gateway-file.ts";
import type { CommandResult, HandedOver } from "../../output.ts";
import { readListForm, type ListForm } from "../../list-form.ts";
import { CONFIG_FLAG } from "../../parameters.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags extends FlowFilterFlags {
  readonly output?: ListForm;
  readonly by?: SummaryKey;
  readonly top: number;
  readonly limit?: number;
  readonly config?: string;
}

const STDOUT = 1;

/** Shows the connections in the kernel's table. */
export const flowsList = command<Flags, []>({
  brief: "Show the connections in the kernel's table, or count them by something",
  description: [
    "Reads the connection table in the kernel, of any host, and shows every connection that the filters leave, as a",
    "table, as `conntrack -L` prints it (-o conntrack, -o extended; id, ktimestamp and labels after commas add what they",
    "add there), or as JSON lines (-o json, --json). With --by it counts them instead. Memory stays the same however",
    "many connections there are: counts are exact up to 262,144 different keys, beyond that only the frequent ones are",
    "kept, and the error is stated.",
    "At the end it says how far the reading can be trusted: the kernel does not stop the traffic for it. Where the kernel",
    "counts packets and bytes of each connection (nf_conntrack_acct), those that the fast path forwarded are added.",
  ].join("\n"),
  examples: [
    ["meganat flows", "every connection"],
    ["meganat flows --by subscriber --top 20", "who has the most connections"],
    ["meganat flows --subscriber 10.10.1.7 --state established", "what one subscriber has open"],
    ["meganat flows -p tcp --port 443 -o extended", "in the form that `conntrack -L -o extended` has"],
  ],
  json: [
    ["(each connection)", "without --by: one object on a line for each connection; 64-bit numbers are texts"],
    ["matched", "connections that the filters left; in the last line, or in the only object with --by"],
    ["reading", READING_JSON],
    ["fastPathCounted", "with a fast path and nf_conntrack_acct: whether packets and bytes include what it forwarded"],
    ["summary", "with --by: { by, connections, keys?, error, top: [{ key, connections, share, rule? }] }"],
  ],
  parameters: {
    flags: {
      output: {
        kind: "parsed",
        brief: "How they are written: table, conntrack, extended (or extended,id,labels), json",
        placeholder: "form",
        parse: readListForm,
        optional: true,
      },
      by: { kind: "enum", brief: "Count by this instead", values: SUMMARY_KEYS, optional: true },
      top: {
        kind: "parsed",
        brief: "With --by: how many rows",
        placeholder: "count",
        parse: (text: string) => parseCount(text, 1, 100_000),
        default: "20",
      },
      limit: {
        kind: "parsed",
        brief: "Write so many connections at most",
        placeholder: "count",
        parse: (text: string) => parseCount(text, 1, 1_000_000_000),
        optional: true,
      },
      config: { ...CONFIG_FLAG, brief: "A gateway file: with --by subscriber, also the rule of each", optional: true },
      ...FLOW_FILTER_FLAGS,
    },
    aliases: { o: "output", c: "config", ...FLOW_FILTER_ALIASES },
  },
  run: (context, flags) => (flags.by === undefined ? listFlows(context, flags) : summarize(context, flags, flags.by)),
});

async function listFlows({ output, netns }: MeganatContext, flags: Flags): Promise<HandedOver> {
  const { readFlows } = await import("../../../observe/flows/read-flows.ts");
  const form = flags.output ?? { format: output.json ? "json" : "table" };
  const limit = flags.limit === undefined ? {} : { limit: flags.limit };
  const counts = await fastPathCounts(netns);
  const report = await readFlows({
    namespace: netns,
    filter: flowFilter(flags),
    task: { kind: "list", ...form, fd: STDOUT, ...limit },
    ...(counts?.path === undefined ? {} : { shares: counts.path }),
  });
  const { matched, scan } = report;
  const fastPath = counts === undefined ? {} : { fastPathCounted: counts.path !== undefined };
  if (output.json) await output.stream(`${JSON.stringify({ matched, reading: scan, ...fastPath })}\n`);
  else {
    const lines = [formatNoun(matched, "connection"), ...readingLines(report), ...countLines(counts)];
    for (const line of lines) output.note(line);
  }
  return { handedOver: 0 };
}

async function summarize({ netns }: MeganatContext, flags: Flags, by: SummaryKey): Promise<CommandResult> {
  const { readFlows } = await import("../../../observe/flows/read-flows.ts");
  const report = await readFlows({
    namespace: netns,
    filter: flowFilter(flags),
    task: { kind: "summary", by, top: flags.top },
  });
  const { matched, scan } = report;
  const summary = report.summary ?? { by, connections: 0, error: 0, top: [] };
  const rules = flags.config === undefined ? new Map<string, string>() : await rulesOf(summary, flags.config, netns);
  const top = summary.top.map((row) => {
    const rule = rules.get(row.key);
    return rule === undefined ? row : { ...row, rule };
  });
  return {
    json: { matched, summary: { ...summary, top }, reading: scan },
    text: [...summaryLines(summary, rules), ...readingLines(report)].join("\n"),
  };
}

/** The source-nat rule of each subscriber in the summary. */
async function rulesOf(summary: Summary, file: string, netns: string | undefined): Promise<Map<string, string>> {
  const rules = new Map<string, string>();
  if (summary.by !== "subscriber") return rules;
  const { plan } = await planFile(file, { netns });
  const [{ parseIpv4 }, { rangesContain }] = await Promise.all([
    import("../../../address/ipv4.ts"),
    import("../../../address/ipv4-range.ts"),
  ]);
  for (const { key } of summary.top) {
    const address = isIPv4(key) ? parseIpv4(key) : undefined;
    if (address === undefined) continue;
    const source = plan.sources.find(({ subscribers }) => rangesContain(subscribers, address));
    if (source !== undefined) rules.set(key, source.rule.name);
  }
  return rules;
}
