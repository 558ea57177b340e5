import { readRuleset } from "../diagnose/rules/read-ruleset.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { readRulesetSources } from "../kernel/ruleset/read.ts";
import { readersOfMarks, type DeviceFacts } from "./policy/device-facts.ts";
import { exemptionsForFilters } from "./policy/foreign-filters.ts";
import { rulesThatMustSeePackets, type PacketPolicy } from "./policy/rules-that-must-see-packets.ts";

/**
 * What the rules and filters of the namespace demand of a fast path between the interfaces. It holds until rules, filters
 * or queues change; 30 to 100 ms.
 */
export function readPacketPolicy(namespace: NamespaceName, devices: readonly DeviceFacts[]): PacketPolicy {
  const sources = readRulesetSources(namespace);
  const { exemptions, countsLess } = rulesThatMustSeePackets({
    ruleset: readRuleset(sources),
    devices: devices.map(({ name }) => name),
    readsMarks: readersOfMarks(devices),
    failed: sources.failed,
  });
  return { exemptions: [...exemptionsForFilters(devices), ...exemptions], countsLess };
}
