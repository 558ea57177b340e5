import type { DesiredState } from "../render/desired-state.ts";
import { addressChanges, linkChanges } from "./address-changes.ts";
import type { Change, RulesetChange } from "./change.ts";
import type { ApplyProblem, Notice, Remarks, TowardsOptions } from "./remark.ts";
import type { LiveState } from "./live-state.ts";
import { mtuChanges } from "./mtu-changes.ts";
import type { Owned } from "./record.ts";
import { neighbourChanges, policyRuleChanges, routeChanges } from "./route-changes.ts";
import { rulesetChanges } from "./ruleset-changes.ts";
import { isEmptyDifference, rulesetDifference } from "./ruleset-difference.ts";
import { rulesetScript } from "./ruleset-script.ts";
import { letsPacketsThrough } from "../render/packets-through.ts";
import { sysctlChanges } from "./sysctl-changes.ts";

/** What would be done, in order, and what stands against it. */
export interface Intention {
  readonly changes: readonly Change[];
  /** The nft text of all ruleset changes, exactly as it is sent; empty when the rules are as they should be. */
  readonly script: string;
  /** What forbids it; nothing is changed if there is any. */
  readonly problems: readonly ApplyProblem[];
  readonly notices: readonly Notice[];
}

/**
 * What turns the live state into the desired one, in the order of execution: what rules need comes before them;
 * what lets packets through comes after them, so that none leaves untranslated; what they no longer need goes last.
 */
export function changesTowards(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
  options: TowardsOptions = {},
): Intention {
  const remarks: Remarks = { problems: [], notices: [] };
  const links = linkChanges(state, owned, desired, remarks);
  const mtus = mtuChanges(state, owned, desired, remarks);
  const addresses = addressChanges(state, owned, desired, remarks);
  const routes = routeChanges(state, owned, desired, remarks);
  const rules = policyRuleChanges(state, owned, desired);
  const neighbours = neighbourChanges(state, owned, desired, remarks);
  const sysctls = sysctlChanges(state, owned, desired, options, remarks);
  const difference = rulesetDifference(state.table, desired.ruleset);
  const ruleset: RulesetChange[] = isEmptyDifference(difference) ? [] : rulesetChanges(difference, desired.ruleset);
  return {
    changes: [
      ...mtus.needed,
      ...links.needed,
      ...addresses.needed,
      ...rules.obsolete,
      ...routes.obsolete,
      ...routes.needed,
      ...rules.needed,
      ...neighbours.needed,
      ...sysctls.filter(({ name }) => !letsPacketsThrough(name)),
      ...ruleset,
      ...sysctls.filter(({ name }) => letsPacketsThrough(name)),
      ...neighbours.obsolete,
      ...addresses.obsolete,
      ...mtus.obsolete,
      ...links.obsolete,
    ],
    script: rulesetScript(difference, desired.ruleset),
    problems: remarks.problems,
    notices: remarks.notices,
  };
}
