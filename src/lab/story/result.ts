import type { Finding } from "../../diagnose/finding.ts";
import type { Verdict } from "../../diagnose/report.ts";
import type { ProfileSummary } from "../../observe/profile/summary.ts";
import type { AbRun } from "./ab.ts";
import type { Evidence } from "./evidence.ts";

/** Requests a second in the article: without NAT, with the table full, with the limit raised. */
export const ARTICLE = { direct: 6576, broken: 76, fixed: 6315 } as const;

/** One way to the web server, measured. */
export interface Arm {
  /** The median of the runs. */
  readonly requestsPerSecond: number;
  readonly runs: readonly number[];
  /** Requests without an answer, or with a wrong one, in all runs. */
  readonly failed: number;
}

/** The table as sysctl tells of it. */
export interface TableSettings {
  readonly count: number;
  readonly max: number;
  readonly buckets: number;
}

/** The way through NAT while the table is too small. */
export interface BrokenAct {
  /** Two runs: with little patience, and with more. */
  readonly attempts: readonly AbRun[];
  readonly table: TableSettings;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  /** What the doctor found; undefined if it did not see it. */
  readonly finding: Finding | undefined;
  /** Ids of all that it found. */
  readonly findings: readonly string[];
}

/** What was changed to put it right. */
export interface AppliedFix {
  /** The doctor's words. */
  readonly commands: readonly string[];
  /** Settings by name, as they are now: never less than before the story. */
  readonly set: Readonly<Record<string, number>>;
}

/** Both ways, one after the other. */
export interface Round {
  readonly direct: number;
  readonly fixed: number;
}

/** The whole story. */
export interface StoryResult {
  readonly lab: string;
  readonly direct: Arm;
  readonly broken: BrokenAct;
  readonly fixed: Arm;
  readonly fix: AppliedFix;
  /** Where the CPUs spent their time through NAT once it worked; undefined where that cannot be seen. */
  readonly profile: ProfileSummary | undefined;
  /** From 0 to 1 and more. */
  readonly ratios: { readonly fixedVsDirect: number; readonly brokenVsDirect: number };
  readonly seconds: number;
  /** It failed as in the article, the doctor named the cause, and after the fix no request was lost. */
  readonly ok: boolean;
}
