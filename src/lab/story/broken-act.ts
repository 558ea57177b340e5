import type { Finding } from "../../diagnose/finding.ts";
import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { examine } from "../../observe/doctor.ts";
import { carryOut } from "../../observe/flows/carry-out.ts";
import { runAb, type AbOrder, type AbRun } from "./ab.ts";
import { EvidenceWatch } from "./evidence.ts";
import { TABLE_LIMIT } from "./low-limit.ts";
import type { BrokenAct, TableSettings } from "./result.ts";

/** How long ab waits for any answer, in seconds: at first, and when one gives it more time. */
export interface Patience {
  readonly little: number;
  readonly more: number;
}

/** The cause that the doctor must name. */
export const CAUSE = "table-full";
/** The doctor begins with ab, and has said what it thinks when ab gives up. */
const DOCTOR_SECONDS_LESS = 2;
const TCP = 6;

/**
 * Plays the article's part in which nothing works: ab gives up, ab with more patience gives up as well, meanwhile one
 * looks for what the kernel drops, and the doctor is asked.
 */
export async function playBroken(
  host: string,
  order: AbOrder,
  patience: Patience,
  onAttempt: (run: AbRun) => void,
  signal: AbortSignal,
): Promise<BrokenAct> {
  const watch = new EvidenceWatch(host);
  try {
    const first = await runAb({ ...order, patience: patience.little }, signal);
    onAttempt(first);
    const table = readTable(host);
    forgetTcp(host);
    const seconds = Math.max(1, patience.more - DOCTOR_SECONDS_LESS);
    const [second, { report }] = await Promise.all([
      runAb({ ...order, patience: patience.more }, signal),
      examine({ namespace: host, seconds, signal }),
    ]);
    onAttempt(second);
    const evidence = await watch.take();
    return {
      attempts: [first, second],
      table,
      evidence,
      verdict: report.verdict,
      finding: report.findings.find(({ id }) => id === CAUSE),
      findings: [...new Set(report.findings.map(({ id }) => id))],
    };
  } finally {
    watch.close();
  }
}

/** What the doctor would set, by name: from the fix that it may carry out itself. */
export function settingsOf(finding: Finding | undefined): Record<string, number> {
  const safe = finding?.fixes[0]?.safe ?? [];
  return Object.fromEntries(safe.flatMap((fix) => (fix.kind === "sysctl" ? [[fix.name, Number(fix.value)]] : [])));
}

/** As after a pause of minutes, which the article does not tell of: the kernel has forgotten the first attempt. */
function forgetTcp(host: string): void {
  carryOut({ namespace: host, filter: { protocol: TCP }, task: { kind: "delete" } });
}

function readTable(host: string): TableSettings {
  return {
    count: readConntrackCount(host),
    max: Number(readSysctl(host, TABLE_LIMIT)),
    buckets: Number(readSysctl(host, "net.netfilter.nf_conntrack_buckets")),
  };
}
