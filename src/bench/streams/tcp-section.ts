import { estimateMedian, estimateRatio, type Estimate, type Ratio } from "../method/estimate.ts";
import { verdictSentence } from "../method/verdict.ts";
import { barOf, estimateCell, ratioCell, type Section } from "../report/section.ts";
import { STREAM_ARM_WORDS, type StreamArm, type StreamTrials } from "./arms.ts";
import type { Iperf3Figures } from "./iperf3.ts";

const GIGA = 1e9;

/** Bulk TCP as a section of the report. */
export function tcpSection({ arms, trials, chosen }: StreamTrials<Iperf3Figures>, seed: number): Section {
  const others = arms.filter((arm) => arm !== "netfilter");
  const ratio = (arm: StreamArm): Ratio => ratioTo(trials, arm, "netfilter", seed);
  return {
    id: "tcp",
    title: "Bulk TCP",
    method: [
      "One stream by iperf3 from a subscriber to a server beyond the gateway, with cubic; bits as the receiver counts",
      `them. Each of ${trials.netfilter.length} rounds has every arm once, in random order.`,
      `Arms: ${arms.map((arm) => `${arm} (${STREAM_ARM_WORDS[arm]})`).join(", ")}.`,
      chosen === undefined ? "" : `auto chose: ${chosen}.`,
    ]
      .filter((words) => words !== "")
      .join(" "),
    tables: [
      {
        title: "One stream",
        head: ["arm", "Gbit/s (95 %)", "of netfilter (95 %)", "sent again, in all"],
        rows: arms.map((arm) => [
          arm,
          estimateCell(rateOf(trials[arm], seed), 2, GIGA),
          arm === "netfilter" ? "1" : ratioCell(ratio(arm)),
          trials[arm].reduce((sum, { retransmits }) => sum + retransmits, 0).toLocaleString("en"),
        ]),
      },
    ],
    charts: [
      {
        kind: "bars",
        title: "Bulk TCP, one stream",
        unit: "Gbit/s",
        bars: arms.map((arm) => barOf(arm, rateOf(trials[arm], seed), GIGA)),
      },
    ],
    findings: others.map((arm) => `Bulk TCP: ${verdictSentence(arm, "netfilter", ratio(arm))}.`),
    limits: [
      "The sender's CPU cuts the stream into packets of the link's size and completes their checksums, which cards do elsewhere; the gateway's work is on the same CPU.",
      "GRO puts packets together before netfilter and tc see them; XDP sees them one by one.",
    ],
  };
}

/** The result as the command gives it. */
export function tcpJson({ arms, trials, chosen }: StreamTrials<Iperf3Figures>, seed: number) {
  const figures = arms.map((arm) => {
    const { median, low, high, runs } = rateOf(trials[arm], seed);
    return [arm, { bitsPerSecond: median, interval: [low, high], runs }] as const;
  });
  const compared = arms
    .filter((arm) => arm !== "netfilter")
    .map((arm) => [`${arm}VsNetfilter`, ratioTo(trials, arm, "netfilter", seed)] as const);
  return {
    rounds: trials.netfilter.length,
    arms: Object.fromEntries(figures),
    ratios: Object.fromEntries(compared.map(([name, { ratio }]) => [name, ratio])),
    ratioIntervals: Object.fromEntries(compared.map(([name, { low, high }]) => [name, [low, high]])),
    ...(chosen === undefined ? {} : { autoChose: chosen }),
  };
}

function rateOf(trials: readonly Iperf3Figures[], seed: number): Estimate {
  return estimateMedian(
    trials.map(({ bitsPerSecond }) => bitsPerSecond),
    seed,
  );
}

function ratioTo(trials: StreamTrials<Iperf3Figures>["trials"], arm: StreamArm, other: StreamArm, seed: number): Ratio {
  const rates = (of: StreamArm): number[] => trials[of].map(({ bitsPerSecond }) => bitsPerSecond);
  return estimateRatio(rates(arm), rates(other), seed);
}
