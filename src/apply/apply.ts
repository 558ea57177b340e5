import type { AddressSetting, DesiredState } from "../render/desired-state.ts";
import { carryOut, type PerformedStep, type StepEvent } from "./carry-out.ts";
import { changeText, type Change } from "./change.ts";
import type { Intention } from "./changes-towards.ts";
import { intend } from "./intend.ts";
import type { AddressHolder, Live } from "./live.ts";
import { ownedAfter, ownedAtLast } from "./owned.ts";
import type { ApplyRecord, Owned } from "./record.ts";
import { problemOf, type ApplyProblem, type Notice, type TowardsOptions } from "./remark.ts";
import { recordOf, rescued } from "./make-record.ts";
import { keptRules, sentRules } from "./rules-record.ts";
import { readSituation, type Situation } from "./situation.ts";
import { surroundingsOf, type PlaceOptions, type Surroundings } from "./surroundings.ts";
import { undoScript } from "./undo-script.ts";

/** What to apply where. */
export interface ApplyOptions extends PlaceOptions, TowardsOptions {
  readonly desired: DesiredState;
  /** Ask on the wire whether new addresses are free, and wait for the carrier of links just brought up: half a second or more. */
  readonly askTheWire?: boolean;
  /** Called around every step; what it throws counts as the step's failure. */
  readonly onStep?: ((event: StepEvent) => void) | undefined;
}

/** What apply did or would do, for people and programs. */
export interface ApplyOutcome {
  /**
   * `refused`: something forbids it, nothing was touched. `failed`: a step failed; `undone` says whether the old
   * state is back. `would-apply`: a dry run.
   */
  readonly outcome: "applied" | "unchanged" | "refused" | "failed" | "would-apply";
  readonly gateway: string;
  /** In words, in order. */
  readonly changes: readonly string[];
  /** The nft text sent, or that would be. */
  readonly script: string;
  readonly problems: readonly ApplyProblem[];
  readonly notices: readonly Notice[];
  /** What this host cannot have or another holds; all else is done. */
  readonly leftOut: readonly ApplyProblem[];
  /** Only when `failed`. */
  readonly undone?: {
    readonly failedStep: string;
    /** True when the old state is back. */
    readonly complete: boolean;
    readonly left: readonly ApplyProblem[];
  };
}

/** Brings the namespace to the desired state, or leaves it as it was and says why. */
export function applyGateway(options: ApplyOptions): ApplyOutcome {
  return refusing(options, () => applyIn(surroundingsOf(options), options));
}

/** Says what `applyGateway` would do, with the exact nft text, and touches nothing; connection tracking is loaded. */
export function dryRun(options: ApplyOptions): ApplyOutcome {
  return refusing(options, () => dryRunIn(surroundingsOf(options), options));
}

/** `dryRun` in given surroundings. */
export function dryRunIn({ live, store }: Surroundings, options: ApplyOptions): ApplyOutcome {
  return refusing(options, () => {
    // Its settings exist only then; no packet is tracked before there are rules.
    ensureConntrack(live, options.desired);
    const intention = intend(live, readSituation(live, store, options.desired), options.desired, options);
    if (intention.problems.length > 0) return outcomeOf("refused", options, intention);
    return outcomeOf(intention.changes.length === 0 ? "unchanged" : "would-apply", options, intention);
  });
}

/** `applyGateway` in given surroundings. */
export function applyIn(around: Surroundings, options: ApplyOptions): ApplyOutcome {
  return refusing(options, () => {
    const lock = around.store.lock(`apply ${options.desired.gateway}`);
    try {
      ensureConntrack(around.live, options.desired);
      const situation = readSituation(around.live, around.store, options.desired);
      const intention = intend(around.live, situation, options.desired, options);
      if (intention.problems.length > 0) return outcomeOf("refused", options, intention);
      if (intention.changes.length === 0) return leaveAsIs(around, situation, options, intention);
      return change(around, situation, options, intention);
    } finally {
      lock.release();
    }
  });
}

/** On a host without any firewall the connection tracker is not loaded yet, and our rules would load it too late. */
function ensureConntrack(live: Live, { sysctls }: DesiredState): void {
  const first = sysctls.find(({ name }) => name.startsWith("net.netfilter.nf_conntrack_"));
  if (first !== undefined && live.readSysctl(first.name) === undefined) live.loadConntrack();
}

/** Nothing to do in the kernel; the record may still have to learn that it is so. */
function leaveAsIs(
  around: Surroundings,
  situation: Situation,
  options: ApplyOptions,
  intention: Intention,
): ApplyOutcome {
  const { record, owned, interrupted } = situation;
  const rules = keptRules(situation, options.desired.ruleset);
  const last = ownedAtLast(owned, options.desired, (name) => around.live.readSysctl(name));
  const { leftOut } = intention;
  const next = recordOf(around, options.desired.gateway, record?.appliedAt ?? around.now(), rules, last, leftOut);
  if (JSON.stringify(next) !== JSON.stringify(record)) around.store.writeRecord(next);
  if (interrupted !== undefined) around.store.deleteJournal();
  return outcomeOf("unchanged", options, intention);
}

function change(around: Surroundings, situation: Situation, options: ApplyOptions, intention: Intention): ApplyOutcome {
  const { live, store, now } = around;
  const { desired } = options;
  const { record, interrupted, owned, state } = situation;
  // Old values that only the journal of a broken-off apply has must outlive it: ours replaces it.
  const before = interrupted === undefined ? record : rescued(around, desired.gateway, situation);
  if (before !== undefined && before !== record) store.writeRecord(before);
  store.writeJournal({
    version: 1,
    task: "apply",
    identity: live.identity(),
    gateway: desired.gateway,
    pid: process.pid,
    startedAt: now(),
    changes: intention.changes,
  });
  const notices: Notice[] = [...intention.notices];
  const leftOut: ApplyProblem[] = [...intention.leftOut];
  let sentAfter: number | undefined;
  const carried = carryOut(live, intention.changes, {
    sendRules() {
      const back = undoScript(live, state.table, desired.ruleset);
      sentAfter = live.generation();
      live.runNft(intention.script);
      return () => live.runNft(back);
    },
    holders: (settings) => (options.askTheWire === true ? holdersOf(live, intention.changes, settings) : []),
    markStep: (step) => store.markStep(step),
    finish(performed) {
      leftOut.push(...performed.flatMap(({ performed: result }) => result.leftOut ?? []));
      const rules =
        sentAfter === undefined ? keptRules(situation, desired.ruleset) : sentRules(live, desired.ruleset, sentAfter);
      store.writeRecord(
        recordOf(
          around,
          desired.gateway,
          now(),
          rules,
          ownedAtLast(ownedThen(owned, performed, notices), desired, (name) => live.readSysctl(name)),
          leftOut,
        ),
      );
    },
    onStep: options.onStep,
  });
  if (carried.ok) {
    store.deleteJournal();
    if (options.askTheWire === true) notices.push(...withoutCarrier(live, desired));
    return outcomeOf("applied", options, { ...intention, notices, leftOut });
  }
  const left = [...carried.left, ...putRecordBack(around, before)];
  const complete = left.length === 0;
  // Left in place, the journal makes status name the mixture and the next apply repair it.
  if (complete) store.deleteJournal();
  const outcome = outcomeOf("failed", options, { ...intention, problems: [carried.problem] });
  return { ...outcome, undone: { failedStep: carried.failedStep, complete, left } };
}

/** Milliseconds that a cable may take to be noticed after its interface came up. */
const CARRIER_WAIT = 3000;

/** Nobody can be asked before the links that were just brought up have a carrier. */
function holdersOf(
  live: Live,
  changes: readonly Change[],
  settings: readonly AddressSetting[],
): readonly AddressHolder[] {
  const up = changes.flatMap((change) => (change.kind === "link" && change.action === "up" ? [change.interface] : []));
  live.awaitCarrier(
    up.filter((name) => name !== "lo"),
    CARRIER_WAIT,
  );
  return live.addressHolders(settings);
}

function withoutCarrier(live: Live, { interfacesUp, links }: DesiredState): Notice[] {
  const members = links.flatMap(({ bond }) => bond?.members ?? []);
  const named = new Set([...interfacesUp.filter((name) => name !== "lo"), ...members]);
  return live
    .links()
    .filter(({ name, carrier }) => named.has(name) && !carrier)
    .map(({ name, master }) => ({
      code: "no-carrier",
      message: `${name}${master === undefined ? "" : `, member of ${master},`} is up and has no carrier: nothing gets through`,
      fix: `see to the cable and the switch's port; \`ip link show ${name}\` says LOWER_UP when it is there`,
    }));
}

/** The step that failed may have been the record itself. */
function putRecordBack({ store }: Surroundings, record: ApplyRecord | undefined): ApplyProblem[] {
  try {
    const now = store.readRecord();
    if (record === undefined) store.deleteRecord();
    else if (JSON.stringify(now) !== JSON.stringify(record)) store.writeRecord(record);
    return [];
  } catch (error) {
    return [problemOf(error)];
  }
}

/** What is ours after the steps; notes what the kernel made something else of. */
function ownedThen(before: Owned, performed: readonly PerformedStep[], notices: Notice[]): Owned {
  let owned = before;
  for (const { step, performed: result } of performed) {
    if (step.kind !== "change" || !result.done) continue;
    owned = ownedAfter(owned, step.change, result.set);
    const { change: done } = step;
    if (done.kind === "sysctl" && done.action === "set" && result.set !== undefined && result.set !== done.to) {
      notices.push({
        code: "sysctl-clamped",
        message: `${done.name} was set to ${done.to} and the kernel made it ${result.set}`,
        fix: "nothing; the kernel rounds or limits it",
      });
    }
  }
  return owned;
}

function outcomeOf(outcome: ApplyOutcome["outcome"], options: ApplyOptions, intention: Intention): ApplyOutcome {
  return {
    outcome,
    gateway: options.desired.gateway,
    changes: intention.changes.map(changeText),
    script: intention.script,
    problems: intention.problems,
    notices: intention.notices,
    leftOut: intention.leftOut,
  };
}

/** What fails before anything was touched is a refusal with its reason. */
function refusing(options: ApplyOptions, run: () => ApplyOutcome): ApplyOutcome {
  try {
    return run();
  } catch (error) {
    const nothing = { changes: [], script: "", notices: [], leftOut: [] };
    return outcomeOf("refused", options, { ...nothing, problems: [problemOf(error)] });
  }
}
