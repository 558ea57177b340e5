import { adminPath } from "./admin-path.ts";
import type { StepEvent } from "./carry-out.ts";
import { changeText, type Change, type RulesetChange } from "./change.ts";
import { stepsOf, type Step } from "./journal.ts";
import type { Live } from "./live.ts";
import type { LiveState } from "./live-state.ts";
import { rescued } from "./make-record.ts";
import { bondsBack } from "./device-changes.ts";
import { mtusBack } from "./mtu-changes.ts";
import { ownedAfter } from "./owned.ts";
import { perform } from "./perform.ts";
import type { Owned } from "./record.ts";
import { problemOf, type ApplyProblem, type Notice } from "./remark.ts";
import { readSituation, type Situation } from "./situation.ts";
import { surroundingsOf, type PlaceOptions, type Surroundings } from "./surroundings.ts";
import { letsPacketsThrough } from "../render/packets-through.ts";
import { shapingBack } from "./shaping-changes.ts";
import { sysctlsBack } from "./sysctl-changes.ts";

/** Where to remove. */
export interface RemoveOptions extends PlaceOptions {
  /** Go on even if somebody who is connected is cut off. */
  readonly force?: boolean;
  /** Called around every step; what it throws counts as the step's failure. */
  readonly onStep?: ((event: StepEvent) => void) | undefined;
}

/** What remove did. */
export interface RemoveOutcome {
  /** `partly`: `problems` says what is still there; removing again tries the rest. `nothing`: there was nothing of ours. */
  readonly outcome: "removed" | "nothing" | "partly" | "refused";
  readonly gateway?: string;
  /** In words, in order. */
  readonly changes: readonly string[];
  readonly problems: readonly ApplyProblem[];
  /** What was left on purpose, and what nobody can know. */
  readonly notices: readonly Notice[];
}

const DELETE_TABLE = "delete table ip meganat\n";

/** Deletes table meganat and puts everything back that apply changed. What others changed since is left and named. */
export function removeGateway(options: RemoveOptions): RemoveOutcome {
  return refusing(() => removeIn(surroundingsOf(options), options));
}

/** `removeGateway` in given surroundings. */
export function removeIn(around: Surroundings, options: RemoveOptions = {}): RemoveOutcome {
  return refusing(() => {
    const lock = around.store.lock("remove the gateway");
    try {
      return removeLocked(around, options);
    } finally {
      lock.release();
    }
  });
}

function removeLocked(around: Surroundings, options: RemoveOptions): RemoveOutcome {
  const { live, store, now } = around;
  const situation = readSituation(live, store);
  const { record, interrupted, state, owned } = situation;
  const notices: Notice[] = noticesOf(situation);
  const changes = removalChanges(state, owned, notices);
  const gateway = record?.gateway ?? interrupted?.journal.gateway;
  const named = gateway === undefined ? {} : { gateway };
  if (changes.length === 0) {
    store.deleteRecord();
    store.deleteJournal();
    const outcome = gateway === undefined ? "nothing" : "removed";
    return { outcome, ...named, changes: [], problems: [], notices };
  }
  const admin = adminPath(state, changes, options.force === true);
  if (admin.problems.length > 0) {
    return { outcome: "refused", ...named, changes: [], problems: admin.problems, notices };
  }
  notices.push(...admin.notices);
  if (state.table.kind !== "absent") live.checkNft(DELETE_TABLE);
  const before = interrupted === undefined ? record : rescued(around, gateway ?? "", situation);
  if (before !== undefined && before !== record) store.writeRecord(before);
  store.writeJournal({
    version: 1,
    task: "remove",
    identity: live.identity(),
    gateway: gateway ?? "",
    pid: process.pid,
    startedAt: now(),
    changes,
  });
  const { problems, left } = removeAll(live, store, changes, owned, notices, options);
  if (problems.length === 0) store.deleteRecord();
  else if (before !== undefined) {
    const { rules, ...rest } = before;
    const rulesLeft = state.table.kind !== "absent" && live.tableComment() !== undefined && rules !== undefined;
    store.writeRecord({ ...rest, ...(rulesLeft ? { rules } : {}), owned: left });
  }
  store.deleteJournal();
  const outcome = problems.length === 0 ? "removed" : "partly";
  return { outcome, ...named, changes: changes.map(changeText), problems, notices };
}

/** The reverse of the order of apply: what lets packets through first, then the rules, then what they needed. */
function removalChanges(state: LiveState, owned: Owned, notices: Notice[]): Change[] {
  const sysctls = sysctlsBack(state, owned, { notices });
  const table: RulesetChange[] =
    state.table.kind === "absent"
      ? []
      : [{ kind: "ruleset", action: "delete", object: "table", name: "meganat", words: "delete table ip meganat" }];
  return [
    ...sysctls.filter(({ name }) => letsPacketsThrough(name)),
    ...table,
    ...shapingBack(state, owned),
    ...sysctls.filter(({ name }) => !letsPacketsThrough(name)),
    ...owned.proxyNeighbours.map((setting): Change => ({ kind: "proxy-neighbour", action: "remove", setting })),
    ...owned.policyRules.map((setting): Change => ({ kind: "policy-rule", action: "remove", setting })),
    ...state.withdrawn.map((table): Change => ({ kind: "uplink", action: "restore", table })),
    ...owned.routes.toReversed().map((setting): Change => ({ kind: "route", action: "remove", setting })),
    ...owned.addresses.toReversed().map((setting): Change => ({ kind: "address", action: "remove", setting })),
    ...mtusBack(state, owned, { notices }),
    ...owned.links.map((link): Change => ({ kind: "link", action: "down", ...link })),
    ...bondsBack(state, owned, { notices }),
    ...owned.members.toReversed().map((setting): Change => ({ kind: "member", action: "remove", setting })),
    ...owned.devices.toReversed().map((setting): Change => ({ kind: "device", action: "remove", setting })),
  ];
}

/** Goes on after a failure: the more is back, the better. */
function removeAll(
  live: Live,
  store: Surroundings["store"],
  changes: readonly Change[],
  owned: Owned,
  notices: Notice[],
  options: RemoveOptions,
): { problems: ApplyProblem[]; left: Owned } {
  const problems: ApplyProblem[] = [];
  const steps = stepsOf(changes);
  const of = steps.length;
  let left = owned;
  for (const [index, step] of steps.entries()) {
    const event = { step: index + 1, of };
    try {
      options.onStep?.({ ...event, stage: "before" });
      removeStep(live, step, notices);
      if (step.kind === "change") left = ownedAfter(left, step.change);
      options.onStep?.({ ...event, stage: "after" });
    } catch (error) {
      problems.push(problemOf(error));
    }
    store.markStep(index + 1);
  }
  return { problems, left };
}

function removeStep(live: Live, step: Step, notices: Notice[]): void {
  if (step.kind === "ruleset") {
    live.runNft(DELETE_TABLE);
    return;
  }
  const { left } = perform(live, step.change);
  if (left !== undefined)
    notices.push({ code: "left-as-changed", message: left, fix: "set it by hand, if it should be" });
}

function noticesOf({ record, interrupted, state }: Situation): Notice[] {
  if (record !== undefined || interrupted !== undefined || state.table.kind === "absent") return [];
  return [
    {
      code: "record-missing",
      message:
        "there is no record of an apply here: the table goes, but addresses, routes and sysctls that apply may have changed are not known and stay",
      fix: "compare them with the gateway file",
    },
  ];
}

function refusing(run: () => RemoveOutcome): RemoveOutcome {
  try {
    return run();
  } catch (error) {
    return { outcome: "refused", changes: [], problems: [problemOf(error)], notices: [] };
  }
}
