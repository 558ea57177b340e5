import { KernelError } from "../../kernel/error.ts";
import { runInNamespace } from "../../kernel/namespace.ts";
import { isFirstUserNamespace } from "../../kernel/permission.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { recordProfile } from "../../observe/profile/record.ts";
import { summarize, type ProfileSummary } from "../../observe/profile/summary.ts";
import { reapStaleLabs } from "../dismantle.ts";
import { LabError } from "../error.ts";
import { borrowHostLimits } from "../host-limits.ts";
import { beginLab, type LabLife } from "../life.ts";
import { answersPerSecond, runAb, type AbOrder, type AbRun } from "./ab.ts";
import { CAUSE, playBroken, settingsOf, type Patience } from "./broken-act.ts";
import { TABLE_LIMIT } from "./low-limit.ts";
import type { AppliedFix, BrokenAct, Round, StoryResult } from "./result.ts";
import { compare } from "./rounds.ts";
import { withSmallTable, type Smallness } from "./small-table.ts";
import { buildStage, listNatRules, storyNamespaces, type Stage, type StoryNamespaces } from "./stage.ts";

/** The article's limit. */
export const SMALL_TABLE = 1000;

/** Something that has happened, to be told at once. */
export type StoryStep =
  | { readonly kind: "stage"; readonly lab: string; readonly stage: Stage; readonly rules: string }
  | { readonly kind: "direct"; readonly run: AbRun }
  | { readonly kind: "limit"; readonly smallness: Smallness }
  | { readonly kind: "attempt"; readonly run: AbRun }
  | { readonly kind: "broken"; readonly act: BrokenAct }
  | { readonly kind: "fix"; readonly fix: AppliedFix }
  | { readonly kind: "round"; readonly number: number; readonly round: Round };

/** How the story is to be played. */
export interface StoryOptions {
  readonly connections: number;
  readonly requests: number;
  readonly runs: number;
  readonly patience?: Patience;
  readonly onStep: (step: StoryStep) => void;
  /** For the time in which nothing happens. */
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The article's first attempt waits two seconds; its second one longer, which keeps the host's limit low as long. */
const PATIENCE: Patience = { little: 2, more: 10 };
/** Enough for the server's program to be compiled. */
const WARM_UP_REQUESTS = 5000;
/** Ends with the work, long before. */
const LONGEST_PROFILE_SECONDS = 600;
const PROFILE_FREQUENCY = 997;

/** Replays the article on this machine, in namespaces of its own; cleans up whatever happens. */
export async function playStory(options: StoryOptions): Promise<StoryResult> {
  const started = performance.now();
  requirePrograms();
  reapStaleLabs();
  const life = await beginLab("the article", undefined, storyNamespaces);
  let result: Omit<StoryResult, "seconds">;
  try {
    result = await play(life, options);
  } catch (error) {
    await life.close();
    if (options.signal?.aborted === true) throw interrupted();
    throw error;
  }
  await life.close();
  return { ...result, seconds: Math.round((performance.now() - started) / 100) / 10 };
}

async function play(life: LabLife<StoryNamespaces>, options: StoryOptions): Promise<Omit<StoryResult, "seconds">> {
  const { connections, requests, runs, onStep, onProgress, signal } = options;
  onProgress("building hosts and container");
  const stage = await buildStage(life.namespaces);
  const host = life.namespaces.gateway;
  onStep({ kind: "stage", lab: life.id, stage, rules: listNatRules(host) });
  const cpu = stage.cpus === undefined ? {} : { cpu: stage.cpus.client };
  const order = { namespace: life.namespaces.outside, connections, requests, ...cpu };
  const direct: AbOrder = { ...order, url: stage.urls.direct };
  const nat: AbOrder = { ...order, url: stage.urls.nat };

  onProgress("asking the web server without NAT");
  await warmUp(direct, signal);
  onStep({ kind: "direct", run: await runAb(direct, signal) });

  const broken = await playWithSmallTable(life, nat, options);
  onStep({ kind: "broken", act: broken });

  const fix = applyFix(life.id, broken, broken.table.count + runs * requests + WARM_UP_REQUESTS);
  onStep({ kind: "fix", fix });

  onProgress("asking through NAT again");
  const profile = await profileOf(warmUp(nat, signal));
  const measured = await compare({
    direct,
    nat,
    runs,
    onRound: (round, number) => onStep({ kind: "round", number, round }),
    ...(signal === undefined ? {} : { signal }),
  });
  const [patient] = broken.attempts.toReversed();
  const brokenRate = patient === undefined ? 0 : answersPerSecond(patient);
  return {
    lab: life.id,
    direct: measured.direct,
    broken,
    fixed: measured.nat,
    fix,
    profile,
    ratios: {
      fixedVsDirect: measured.nat.requestsPerSecond / measured.direct.requestsPerSecond,
      brokenVsDirect: brokenRate / measured.direct.requestsPerSecond,
    },
    ok: isAsInArticle(broken) && measured.nat.failed === 0,
  };
}

/** The part of the story in which the table is full. */
async function playWithSmallTable(
  life: LabLife<StoryNamespaces>,
  nat: AbOrder,
  { onStep, onProgress, patience, signal }: StoryOptions,
): Promise<BrokenAct> {
  const host = life.namespaces.gateway;
  const small = {
    lab: life.id,
    host,
    limit: SMALL_TABLE,
    own: Object.values(life.namespaces),
    onWait: onProgress,
    ...(signal === undefined ? {} : { signal }),
  };
  // Fewer would fit the table.
  const requests = Math.max(nat.requests, SMALL_TABLE + nat.connections);
  return await withSmallTable(small, async (smallness, ending) => {
    onStep({ kind: "limit", smallness });
    onProgress("asking through NAT, with the table full");
    const onAttempt = (run: AbRun): void => onStep({ kind: "attempt", run });
    return await playBroken(host, { ...nat, requests }, patience ?? PATIENCE, onAttempt, ending);
  });
}

/**
 * Raises what the doctor names, to at least what it says: never less than the host had before, nor than this story's
 * connections need, which the kernel remembers for two minutes after their end.
 */
function applyFix(lab: string, { finding }: BrokenAct, connections: number): AppliedFix {
  const wishes = { [TABLE_LIMIT]: connections, ...settingsOf(finding) };
  wishes[TABLE_LIMIT] = Math.max(wishes[TABLE_LIMIT] ?? 0, connections);
  borrowHostLimits(lab, wishes);
  return {
    commands: finding?.fixes[0]?.commands ?? [],
    set: Object.fromEntries(Object.keys(wishes).map((name) => [name, Number(readSysctl(undefined, name))])),
  };
}

async function warmUp(order: AbOrder, signal: AbortSignal | undefined): Promise<void> {
  await runAb({ ...order, requests: Math.min(WARM_UP_REQUESTS, order.requests) }, signal);
}

/** Samples the CPUs until the work is done; undefined where they may not be sampled. */
async function profileOf(work: Promise<void>): Promise<ProfileSummary | undefined> {
  const ending = new AbortController();
  const recording = recordProfile(LONGEST_PROFILE_SECONDS, PROFILE_FREQUENCY, ending.signal).catch((error: unknown) => {
    if (!(error instanceof KernelError)) throw error;
    return undefined;
  });
  try {
    await work;
  } finally {
    ending.abort();
  }
  const recorded = await recording;
  return recorded === undefined ? undefined : summarize(recorded.stacks);
}

function isAsInArticle({ attempts, evidence, finding }: BrokenAct): boolean {
  const dropped = evidence.drops.causes.find(({ cause }) => cause === CAUSE)?.packets ?? 0;
  return attempts.every(({ outcome }) => !outcome.finished) && dropped > 0 && finding !== undefined;
}

/** Says at once what is missing, before anything is built. */
function requirePrograms(): void {
  if (!isFirstUserNamespace()) {
    throw new LabError(
      "lab-no-permission",
      `the story lowers ${TABLE_LIMIT}, which belongs to the whole host`,
      "run it as root of the host, outside containers",
    );
  }
  for (const [program, ...args] of [
    ["ab", "-V"],
    ["iptables", "--version"],
    ["iptables-restore", "--version"],
  ]) {
    runInNamespace(undefined, program ?? "", args);
  }
}

function interrupted(): LabError {
  return new LabError(
    "interrupted",
    "the story was interrupted; everything is cleaned up",
    "run it again when you like",
  );
}
