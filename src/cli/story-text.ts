import { formatCount } from "../plan/figures.ts";
import { answersPerSecond, type AbRun } from "../lab/story/ab.ts";
import type { Evidence } from "../lab/story/evidence.ts";
import { ARTICLE, type AppliedFix, type BrokenAct, type Round, type StoryResult } from "../lab/story/result.ts";
import type { Smallness } from "../lab/story/small-table.ts";
import type { Stage } from "../lab/story/stage.ts";
import type { StoryStep } from "../lab/story/story.ts";
import { callersOf } from "../observe/profile/call-tree.ts";
import { dropLines } from "./drops-text.ts";
import type { Output } from "./output.ts";
import { hookTreeLines } from "./profile-text.ts";
import { hang, table } from "./text-layout.ts";

const WIDTH = 110;
const HOOKS = "nf_hook_slow";
/** Lines of the kernel's log that are shown. */
const LOG_LINES = 3;
const TREE_LINES = 24;

/** What a step of the story is for people, with its heading where a new part begins. */
export function stepLines(output: Output, step: StoryStep): string[] {
  switch (step.kind) {
    case "stage":
      return stageLines(output, step.stage, step.rules);
    case "direct":
      return [heading(output, "Without NAT"), ...runLines(step.run)];
    case "limit":
      return [heading(output, "Through NAT, with the article's limit"), smallnessLine(step.smallness)];
    case "attempt":
      return runLines(step.run);
    case "broken":
      return brokenLines(output, step.act);
    case "fix":
      return fixLines(output, step.fix);
    case "round":
      return roundLines(step.number, step.round);
  }
}

/** The three figures beside the article's. */
export function resultText(output: Output, result: StoryResult): string {
  const { direct, broken, fixed, ratios, profile } = result;
  const patient = broken.attempts.at(-1);
  const rows = [
    ["requests/s", "article", "here", ""],
    ["without NAT", formatCount(ARTICLE.direct), rounded(direct.requestsPerSecond), ""],
    [
      "table full",
      formatCount(ARTICLE.broken),
      patient === undefined ? "-" : rounded(answersPerSecond(patient)),
      "and gives up",
    ],
    [
      "after the fix",
      formatCount(ARTICLE.fixed),
      rounded(fixed.requestsPerSecond),
      `${percent(ratios.fixedVsDirect)} of the way without NAT (article: ${percent(ARTICLE.fixed / ARTICLE.direct)})`,
    ],
  ];
  return [
    heading(output, "The article's figures and this machine's"),
    ...table(rows, ["left", "right", "right", "left"], WIDTH),
    `  median of ${direct.runs.length} runs; ${formatCount(fixed.failed)} requests failed after the fix`,
    ...(profile === undefined
      ? []
      : [`  NAT and connection tracking took ${percent(profile.nat.share)} of the busy time of the CPUs`]),
    result.ok
      ? output.paint("good", `  as in the article; everything is put back (${result.seconds} s)`)
      : output.paint("bad", `  not as in the article (see above); everything is put back (${result.seconds} s)`),
  ].join("\n");
}

function stageLines(output: Output, { namespaces, iptables, bridgeNetfilter, cpus }: Stage, rules: string): string[] {
  return [
    output.paint("heading", "The article, replayed in network namespaces"),
    `  client ${namespaces.outside} | Docker host ${namespaces.gateway}, container ${namespaces.inside} | plain host ${namespaces.bare}`,
    `  ${iptables}; bridged packets ${bridgeNetfilter ? "pass the rules too (br_netfilter)" : "do not pass the rules: br_netfilter is not loaded"}`,
    cpus === undefined
      ? "  one CPU does everything"
      : `  CPU ${cpus.server} runs the web server, CPU ${cpus.client} ab and all that lies between them, translation included`,
    heading(output, "iptables -t nat -nL"),
    ...rules.split("\n").map((line) => (line === "" ? "" : `  ${line.trimEnd()}`)),
  ];
}

function smallnessLine(small: Smallness): string {
  return small.how === "lowered"
    ? `  net.netfilter.nf_conntrack_max = ${small.limit} for some seconds (it was ${small.before})`
    : `  others on this host need its limit as it is: ${formatCount(small.held)} connections are held, so that ${formatCount(small.limit)} find room`;
}

function runLines(run: AbRun): string[] {
  const { command, outcome, seconds, requested } = run;
  const lines = [`  $ ${command}`];
  if (!outcome.finished) {
    lines.push(
      `  ${outcome.words}`,
      `  Total of ${outcome.completed} requests completed`,
      `    ${outcome.completed} of ${requested} in ${seconds.toFixed(1)} s: ${rounded(answersPerSecond(run))} requests/s, and it gave up`,
    );
    return lines;
  }
  const failed = outcome.failed > 0 ? `, ${outcome.failed} failed` : "";
  lines.push(
    `    ${rounded(outcome.requestsPerSecond)} requests/s, ${Math.round(outcome.millisecondsPerRequest)} ms each${failed}`,
  );
  return lines;
}

function brokenLines(output: Output, { evidence, table: settings, finding, findings }: BrokenAct): string[] {
  const lines = [
    heading(output, "What the kernel dropped meanwhile, and where"),
    ...dropLines(output, evidence.drops).map((line) => (line === "" ? "" : `  ${line}`)),
    ...callGraphLines(output, evidence),
    heading(output, "sysctl -a | grep conntrack; conntrack -S; dmesg"),
    `  net.netfilter.nf_conntrack_count = ${settings.count}`,
    `  net.netfilter.nf_conntrack_max = ${settings.max}`,
    `  net.netfilter.nf_conntrack_buckets = ${settings.buckets}`,
    `  conntrack -S: ${counters(evidence)}`,
    ...evidence.log.slice(-LOG_LINES).map((line) => `  ${line}`),
    ...(evidence.log.length > LOG_LINES ? [`  ${evidence.log.length - LOG_LINES} more such lines`] : []),
    ...evidence.limits.flatMap((limit) => hang("  not seen: ", limit, WIDTH)),
    heading(output, "meganat doctor"),
  ];
  if (finding === undefined) {
    const others = findings.length === 0 ? "nothing" : findings.join(", ");
    return [...lines, output.paint("bad", `  did not find the cause; it found ${others}`)];
  }
  lines.push(`  ${output.paint("bad", finding.title)} (${finding.id}): ${finding.summary}`);
  for (const { what, value, meaning } of finding.evidence) {
    lines.push(`    ${what}: ${value}${meaning === undefined ? "" : `, ${meaning}`}`);
  }
  return [...lines, ...hang("  why: ", finding.why, WIDTH)];
}

/** As `perf report` shows it: shares of what was sampled there, however little that is of all that the host does. */
function callGraphLines(output: Output, { profile }: Evidence): string[] {
  if (profile === undefined) return [];
  const callers = callersOf(profile.stacks, HOOKS);
  const all = callers.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return [];
  return [
    heading(output, `Call graph of ${HOOKS}: ${all} of ${profile.samples} samples`),
    ...callers.slice(0, 6).map(([caller, count]) => `  ${percent(count / all).padStart(7)}  called by ${caller}`),
    ...hookTreeLines(profile.stacks, all).slice(0, TREE_LINES),
  ];
}

function counters({ conntrack }: Evidence): string {
  const { drop, earlyDrop, insertFailed, invalid, chainTooLong } = conntrack;
  return `drop +${drop} early_drop +${earlyDrop} insert_failed +${insertFailed} invalid +${invalid} chaintoolong +${chainTooLong}`;
}

function fixLines(output: Output, { commands, set }: AppliedFix): string[] {
  const settings = Object.entries(set).map(([name, value]) => `  now ${name} = ${value}`);
  return [
    heading(output, "The fix"),
    ...commands.map((command) => `  $ ${command}`),
    ...settings,
    "  (the limits are the whole host's: never less than they were before)",
    heading(output, "Without NAT and through NAT, in turns"),
  ];
}

function roundLines(number: number, { direct, fixed }: Round): string[] {
  return [
    `  run ${number}: ${rounded(direct)} requests/s without NAT, ${rounded(fixed)} through NAT: ${percent(fixed / direct)}`,
  ];
}

function heading(output: Output, text: string): string {
  return `\n${output.paint("heading", text)}`;
}

function rounded(value: number): string {
  return formatCount(Math.round(value));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
