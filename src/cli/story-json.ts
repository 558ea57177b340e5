import { answersPerSecond } from "../lab/story/ab.ts";
import { ARTICLE, type StoryResult } from "../lab/story/result.ts";
import { callersOf } from "../observe/profile/call-tree.ts";

/** The story as `--json` prints it. */
export function storyJson({ broken, profile, ...result }: StoryResult): object {
  const { evidence, attempts, table, verdict, finding, findings } = broken;
  const patient = attempts.at(-1);
  return {
    direct: result.direct,
    broken: {
      requestsPerSecond: patient === undefined ? 0 : answersPerSecond(patient),
      completed: patient?.outcome.completed ?? 0,
      requested: patient?.requested ?? 0,
      seconds: patient?.seconds ?? 0,
      failure: patient === undefined || patient.outcome.finished ? null : patient.outcome.words,
      attempts,
      table,
    },
    fixed: result.fixed,
    ratios: result.ratios,
    article: ARTICLE,
    drops: evidence.drops,
    conntrack: evidence.conntrack,
    log: evidence.log,
    callers: evidence.profile === undefined ? [] : callersOf(evidence.profile.stacks, "nf_hook_slow"),
    verdict,
    finding: finding ?? null,
    findings,
    fix: result.fix,
    ...(profile === undefined ? {} : { natShare: profile.nat.share }),
    limits: evidence.limits,
    lab: result.lab,
    seconds: result.seconds,
    ok: result.ok,
  };
}
