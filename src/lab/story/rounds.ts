import { runAb, type AbOrder, type AbRun } from "./ab.ts";
import type { Arm, Round } from "./result.ts";

/** What is measured against what. */
export interface Comparison {
  readonly direct: AbOrder;
  readonly nat: AbOrder;
  readonly runs: number;
  readonly onRound: (round: Round, number: number) => void;
  readonly signal?: AbortSignal;
}

/** Parts shorter than this are all beginning and end. */
const SMALLEST_PART = 2500;

interface Tally {
  requests: number;
  seconds: number;
  failed: number;
}

/**
 * Measures both ways run by run. The requests of a run are made in parts, in turns with those of the other way, each
 * time in the other order: whatever else the machine does meanwhile slows both down alike.
 */
export async function compare(comparison: Comparison): Promise<{ readonly direct: Arm; readonly nat: Arm }> {
  const { direct, nat, runs, onRound, signal } = comparison;
  const rounds: Round[] = [];
  const failed = { direct: 0, nat: 0 };
  const parts = Math.max(1, Math.floor(direct.requests / Math.max(direct.connections, SMALLEST_PART)));
  const part = Math.max(direct.connections, Math.floor(direct.requests / parts));
  for (let run = 1; run <= runs; run++) {
    const tallies = { direct: { requests: 0, seconds: 0, failed: 0 }, nat: { requests: 0, seconds: 0, failed: 0 } };
    for (let turn = 0; turn < parts; turn++) {
      for (const way of turn % 2 === 0 ? (["direct", "nat"] as const) : (["nat", "direct"] as const)) {
        add(tallies[way], await runAb({ ...(way === "direct" ? direct : nat), requests: part }, signal));
      }
    }
    const round = { direct: rate(tallies.direct), fixed: rate(tallies.nat) };
    failed.direct += tallies.direct.failed;
    failed.nat += tallies.nat.failed;
    rounds.push(round);
    onRound(round, run);
  }
  return {
    direct: arm(
      rounds.map((round) => round.direct),
      failed.direct,
    ),
    nat: arm(
      rounds.map((round) => round.fixed),
      failed.nat,
    ),
  };
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

function add(tally: Tally, { outcome, seconds, requested }: AbRun): void {
  tally.requests += outcome.completed;
  tally.seconds += outcome.finished ? outcome.seconds : seconds;
  tally.failed += outcome.finished ? outcome.failed + outcome.refused : requested - outcome.completed;
}

function rate({ requests, seconds }: Tally): number {
  return requests / seconds;
}

function arm(runs: readonly number[], failed: number): Arm {
  return { requestsPerSecond: median(runs), runs, failed };
}
