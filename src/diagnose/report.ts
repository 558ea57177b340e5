import type { FailureMode } from "./failure-mode.ts";
import { SEVERITIES, type Finding, type Observation } from "./finding.ts";
import { shareOut, type DropAccount } from "./drop-account.ts";
import { capacityOf, type Capacity } from "./capacity.ts";
import type { Signals, Unseen } from "./signals.ts";

/** In one word: nothing is wrong; something is, or will be; packets are being lost for reasons that concern NAT. */
export type Verdict = "healthy" | "degraded" | "losing-packets";

/** A mode that could not be looked for. */
export interface Unchecked {
  readonly id: string;
  readonly title: string;
  readonly why: string;
}

/** What the doctor says. */
export interface Report {
  readonly verdict: Verdict;
  readonly takenAt: string;
  readonly seconds: number;
  /** The worst first. */
  readonly findings: readonly Finding[];
  readonly drops: DropAccount;
  readonly capacity: Capacity;
  readonly checked: number;
  readonly unchecked: readonly Unchecked[];
  readonly unseen: readonly Unseen[];
}

/** Looks for every mode in the signals. Pure. */
export function diagnose(modes: readonly FailureMode[], signals: Signals): Report {
  const unchecked: Unchecked[] = [];
  const findings: Finding[] = [];
  for (const mode of modes) {
    const why = whyNotChecked(mode, signals);
    if (why !== undefined) unchecked.push({ id: mode.id, title: mode.title, why });
    else findings.push(...mode.examine(signals).map((observation) => finding(mode, observation, signals)));
  }
  const drops = shareOut(findings, signals);
  const sorted = findings.toSorted(worstFirst);
  return {
    verdict: verdictOf(sorted, drops),
    takenAt: signals.takenAt,
    seconds: signals.seconds,
    findings: sorted,
    drops,
    capacity: capacityOf(signals),
    checked: modes.length - unchecked.length,
    unchecked,
    unseen: signals.unseen,
  };
}

function whyNotChecked(mode: FailureMode, signals: Signals): string | undefined {
  const absent = mode.needs.find((need) => signals[need] === undefined);
  if (absent !== undefined) {
    const unseen = signals.unseen.find(({ signal }) => signal === absent);
    return unseen === undefined ? `${absent} could not be read` : `${unseen.what}: ${unseen.why}`;
  }
  const names = Object.keys(signals.counters);
  const missing = mode.counters?.find(
    (name) =>
      signals.counters[name] === undefined && !(name.endsWith(".") && names.some((one) => one.startsWith(name))),
  );
  return missing === undefined ? undefined : `the kernel did not tell ${missing}`;
}

function finding(mode: FailureMode, observation: Observation, signals: Signals): Finding {
  const explained = (observation.explains ?? []).reduce((sum, { cause, packets }) => {
    const all = (signals.drops?.rows ?? []).reduce((count, row) => count + (row.cause === cause ? row.packets : 0), 0);
    return sum + Math.min(all, packets ?? all);
  }, 0);
  const lost = Math.max(observation.lostPackets ?? 0, explained);
  return {
    ...observation,
    id: mode.id,
    title: mode.title,
    severity: observation.severity ?? mode.severity,
    why: mode.why,
    lossPerSecond: signals.seconds > 0 ? lost / signals.seconds : 0,
    page: `docs/findings/${mode.id}.md`,
  };
}

function worstFirst(one: Finding, other: Finding): number {
  const order = SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity);
  if (order !== 0) return order;
  if (one.lossPerSecond !== other.lossPerSecond) return other.lossPerSecond - one.lossPerSecond;
  return one.id < other.id ? -1 : 1;
}

function verdictOf(findings: readonly Finding[], drops: DropAccount): Verdict {
  const worst = findings[0]?.severity;
  if (worst === "loss" || drops.unexplainedMatters) return "losing-packets";
  return worst === "degraded" || worst === "risk" ? "degraded" : "healthy";
}
