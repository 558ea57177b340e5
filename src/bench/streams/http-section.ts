import { median } from "../median.ts";
import { estimateMedian, estimateRatio, type Estimate, type Ratio } from "../method/estimate.ts";
import { verdictSentence } from "../method/verdict.ts";
import { barOf, estimateCell, ratioCell, type ReportTable, type Section } from "../report/section.ts";
import { STREAM_ARM_WORDS, type StreamArm, type StreamTrials } from "./arms.ts";
import type { HttpTrial } from "./http-benchmark.ts";

/** Both tools, and how they use connections. */
const TOOLS = { ab: "a connection for each request", wrk: "connections that stay" } as const;
type Tool = keyof typeof TOOLS;
const TOOL_NAMES = Object.keys(TOOLS) as Tool[];

type Result = StreamTrials<HttpTrial>;

/** HTTP as a section of the report. `connections`: of each tool, at a time. */
export function httpSection(result: Result, connections: number, seed: number): Section {
  const { arms, trials, chosen } = result;
  return {
    id: "http",
    title: "HTTP",
    method: [
      `Requests for a page that the server makes anew, by ab (${TOOLS.ab}) and wrk (${TOOLS.wrk}), ${connections} at a`,
      `time. Each of ${trials.netfilter.length} rounds has every arm once, in random order.`,
      `Arms: ${arms.map((arm) => `${arm} (${STREAM_ARM_WORDS[arm]})`).join(", ")}.`,
      chosen === undefined ? "" : `auto chose: ${chosen}.`,
    ]
      .filter((words) => words !== "")
      .join(" "),
    tables: TOOL_NAMES.map((tool) => toolTable(result, tool, seed)),
    charts: TOOL_NAMES.map((tool) => ({
      kind: "bars",
      title: `Requests a second by ${tool}, ${TOOLS[tool]}`,
      unit: "requests/s",
      bars: arms.map((arm) => barOf(arm, rateOf(result, tool, arm, seed))),
    })),
    findings: TOOL_NAMES.flatMap((tool) =>
      arms
        .filter((arm) => arm !== "direct")
        .map((arm) => `HTTP by ${tool}: ${verdictSentence(arm, "direct", ratioToDirect(result, tool, arm, seed))}.`),
    ),
    limits: [
      "The server's own work sets the pace, about a fifth of a millisecond a request, as a real server's does: what the gateway costs can only show beside it.",
    ],
  };
}

function toolTable(result: Result, tool: Tool, seed: number): ReportTable {
  const { arms, trials } = result;
  return {
    title: `${tool}, ${TOOLS[tool]}`,
    head: ["arm", "requests/s (95 %)", "of direct (95 %)", "50 % ms", "90 % ms", "99 % ms", "failed"],
    rows: arms.map((arm) => {
      const latency = latencyOf(trials[arm], tool);
      return [
        arm,
        estimateCell(rateOf(result, tool, arm, seed), 0),
        arm === "direct" ? "1" : ratioCell(ratioToDirect(result, tool, arm, seed)),
        ...[latency.p50, latency.p90, latency.p99].map((milliseconds) => milliseconds.toFixed(tool === "ab" ? 0 : 1)),
        String(failedOf(trials[arm], tool)),
      ];
    }),
  };
}

/** The result as the command gives it; the ratios are wrk's and ab's against direct. */
export function httpJson(result: Result, connections: number, seed: number) {
  const { arms, trials, chosen } = result;
  const of = (tool: Tool) => {
    const compared = arms
      .filter((arm) => arm !== "direct")
      .map((arm) => [`${arm}VsDirect`, ratioToDirect(result, tool, arm, seed)] as const);
    return {
      arms: Object.fromEntries(arms.map((arm) => [arm, armJson(result, tool, arm, seed)])),
      ratios: Object.fromEntries(compared.map(([name, { ratio }]) => [name, ratio])),
      ratioIntervals: Object.fromEntries(compared.map(([name, { low, high }]) => [name, [low, high]])),
    };
  };
  return {
    rounds: trials.netfilter.length,
    connections,
    ab: of("ab"),
    wrk: of("wrk"),
    ...(chosen === undefined ? {} : { autoChose: chosen }),
  };
}

function armJson(result: Result, tool: Tool, arm: StreamArm, seed: number) {
  const { median: middle, low, high, runs } = rateOf(result, tool, arm, seed);
  return {
    requestsPerSecond: middle,
    interval: [low, high],
    latencyMilliseconds: latencyOf(result.trials[arm], tool),
    failed: failedOf(result.trials[arm], tool),
    runs,
  };
}

function rateOf({ trials }: Result, tool: Tool, arm: StreamArm, seed: number): Estimate {
  return estimateMedian(rates(trials[arm], tool), seed);
}

function ratioToDirect({ trials }: Result, tool: Tool, arm: StreamArm, seed: number): Ratio {
  return estimateRatio(rates(trials[arm], tool), rates(trials.direct, tool), seed);
}

function rates(trials: readonly HttpTrial[], tool: Tool): number[] {
  return trials.map((trial) => trial[tool].requestsPerSecond);
}

/** The median over the rounds of each percentile. */
function latencyOf(trials: readonly HttpTrial[], tool: Tool) {
  const of = (share: "p50" | "p90" | "p99"): number => median(trials.map((trial) => trial[tool].latency[share]));
  return { p50: of("p50"), p90: of("p90"), p99: of("p99") };
}

function failedOf(trials: readonly HttpTrial[], tool: Tool): number {
  return trials.reduce((sum, { ab, wrk }) => sum + (tool === "ab" ? ab.failed + ab.refused : wrk.failed), 0);
}
