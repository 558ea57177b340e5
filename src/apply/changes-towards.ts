import type { DesiredState } from "../render/desired-state.ts";
import { adminPath } from "./admin-path.ts";
import { addressChanges, linkChanges } from "./address-changes.ts";
import type { Change, RulesetChange } from "./change.ts";
import type { ApplyProblem, Notice, Remarks, TowardsOptions } from "./remark.ts";
import { deviceChanges } from "./device-changes.ts";
import { possiblePart } from "./possible-part.ts";
import type { LiveState } from "./live-state.ts";
import { mtuChanges } from "./mtu-changes.ts";
import type { Owned } from "./record.ts";
import { neighbourChanges, policyRuleChanges, routeChanges, uplinkChanges } from "./route-changes.ts";
import { rulesetChanges } from "./ruleset-changes.ts";
import { isEmptyDifference, rulesetDifference } from "./ruleset-difference.ts";
import { rulesetScript } from "./ruleset-script.ts";
import { letsPacketsThrough } from "../render/packets-through.ts";
import { shapingChanges } from "./shaping-changes.ts";
import { sysctlChanges } from "./sysctl-changes.ts";

/** What would be done, in order, and what stands against it. */
export interface Intention {
  readonly changes: readonly Change[];
  /** The nft text of all ruleset changes, exactly as it is sent; empty when the rules are as they should be. */
  readonly script: string;
  /** What forbids it; nothing is changed if there is any. */
  readonly problems: readonly ApplyProblem[];
  readonly notices: readonly Notice[];
  /** What this host cannot have; all else is done. */
  readonly leftOut: readonly ApplyProblem[];
}

/**
 * What turns the live state into the desired one, in the order of execution: what rules need comes before them;
 * what lets packets through comes after them, so that none leaves untranslated; what they no longer need goes last.
 */
export function changesTowards(
  now: LiveState,
  owned: Owned,
  wanted: DesiredState,
  options: TowardsOptions = {},
): Intention {
  const { desired, leftOut, nothing } = possiblePart(now, owned, wanted);
  const remarks: Remarks = { problems: nothing ? [...leftOut] : [], notices: [], leftOut: nothing ? [] : [...leftOut] };
  const devices = deviceChanges(now, owned, desired, remarks);
  const state = devices.future;
  const links = linkChanges(state, owned, desired, remarks);
  const mtus = mtuChanges(state, owned, desired, remarks);
  const addresses = addressChanges(state, owned, desired, remarks);
  const routes = routeChanges(state, owned, desired, remarks);
  const rules = policyRuleChanges(state, owned, desired);
  const neighbours = neighbourChanges(state, owned, desired, remarks);
  const shaping = shapingChanges(state, owned, desired, remarks);
  const sysctls = sysctlChanges(state, owned, desired, options, remarks);
  const difference = rulesetDifference(state.table, desired.ruleset);
  const ruleset: RulesetChange[] = isEmptyDifference(difference) ? [] : rulesetChanges(difference, desired.ruleset);
  const changes: Change[] = [
    ...devices.leaving,
    ...devices.made,
    ...devices.bonds,
    ...devices.joining,
    ...devices.primaries,
    ...mtus.needed,
    ...links.needed,
    ...addresses.needed,
    ...rules.obsolete,
    ...uplinkChanges(state, owned, desired),
    ...routes.obsolete,
    ...routes.needed,
    ...rules.needed,
    ...neighbours.needed,
    ...shaping.needed,
    ...sysctls.filter(({ name }) => !letsPacketsThrough(name)),
    ...ruleset,
    ...sysctls.filter(({ name }) => letsPacketsThrough(name)),
    ...shaping.obsolete,
    ...neighbours.obsolete,
    ...addresses.obsolete,
    ...mtus.obsolete,
    ...links.obsolete,
    ...devices.obsolete,
  ];
  const admin = adminPath(now, changes, options.force === true);
  return {
    changes,
    script: rulesetScript(difference, desired.ruleset),
    problems: [...remarks.problems, ...admin.problems],
    notices: [...remarks.notices, ...admin.notices],
    leftOut: remarks.leftOut,
  };
}
