import type { CardFacts } from "./facts.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

interface Rule {
  readonly setting: string;
  /** The kernel's name. */
  readonly feature: string;
  readonly wanted: boolean;
  /** The kernel lets it be on only with this one. */
  readonly needs?: string;
  readonly reason: string;
}

const RULES: readonly Rule[] = [
  {
    setting: "GRO",
    feature: "rx-gro",
    wanted: true,
    reason: "packets of a connection that come together pass rules and translation as one",
  },
  {
    setting: "GSO",
    feature: "tx-generic-segmentation",
    wanted: true,
    needs: "tx-scatter-gather",
    reason: "what GRO put together is taken apart at the very end, not before",
  },
  {
    setting: "LRO",
    feature: "rx-lro",
    wanted: false,
    reason:
      "it merges packets so that they cannot be forwarded as they came: transfers stall, path MTU discovery fails",
  },
];

/** GRO and GSO on; LRO off, which is for hosts and not for those who forward. */
export function proposeOffloads({ name, features }: CardFacts): Proposal[] {
  if ("missing" in features) return [left("offloads", features.missing)];
  return RULES.map(({ setting, feature, wanted, needs, reason }) => {
    // The kernel names only what is on or could be.
    const now = features.value[feature] ?? { on: false, changeable: false };
    const words = onOff(now.on);
    if (now.on === wanted) return right(setting, words, reason);
    if (!now.changeable)
      return left(setting, `the driver has it fixed; better were ${onOff(wanted)}: ${reason}`, words);
    if (needs !== undefined && features.value[needs]?.on !== true) {
      return left(setting, `it needs ${needs}, which is off or which the driver has not`, words);
    }
    const value = onOff(wanted);
    return change(setting, words, value, reason, [{ place: { kind: "feature", device: name, feature }, value }]);
  });
}

function onOff(on: boolean): string {
  return on ? "on" : "off";
}
