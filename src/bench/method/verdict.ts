import { FEWEST_RUNS, type Ratio } from "./estimate.ts";

/** What a ratio of two arms shows. */
export type Verdict = "more" | "less" | "no-difference-shown" | "too-few-runs";

/** Says what a ratio shows: nothing, if its interval holds 1, or if there are too few rounds for an interval. */
export function verdictOf({ low, high, rounds }: Ratio): Verdict {
  if (rounds < FEWEST_RUNS) return "too-few-runs";
  if (low > 1) return "more";
  return high < 1 ? "less" : "no-difference-shown";
}

/** The verdict as a sentence: `xdp is 3.97 times netfilter (95 %: 3.90 to 4.05)`. */
export function verdictSentence(one: string, other: string, ratio: Ratio): string {
  const interval = `${figure(ratio.low)} to ${figure(ratio.high)}`;
  const verdict = verdictOf(ratio);
  if (verdict === "too-few-runs") {
    return `${one} against ${other}: ${figure(ratio.ratio)} in ${ratio.rounds} rounds (${interval}), too few to call it a difference`;
  }
  if (verdict === "no-difference-shown") {
    return `${one} against ${other}: no difference shown (95 %: ${interval} times)`;
  }
  return `${one} is ${figure(ratio.ratio)} times ${other} (95 %: ${interval})`;
}

function figure(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : 2);
}
