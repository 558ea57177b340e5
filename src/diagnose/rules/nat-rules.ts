import type { HookedChain } from "./evaluate/hook-order.ts";
import { matchPacket, type RuleTranslation } from "./evaluate/match-packet.ts";
import type { Packet, Surroundings } from "./packet.ts";
import { waysTo } from "./reach.ts";
import type { Rule, Ruleset } from "./ruleset.ts";
import type { Translation } from "./statement.ts";

/** A rule that translates, and the hooks from which packets come to it. */
export interface NatRule {
  readonly rule: Rule;
  readonly translation: Translation;
  readonly hooks: readonly HookedChain[];
}

/** All rules that translate addresses and that something leads to. */
export function natRules(ruleset: Ruleset): NatRule[] {
  return [...ruleset.chains.values()].flatMap((chain) => {
    const translating = chain.rules.flatMap((rule) => {
      const translation = translationOf(rule);
      return translation === undefined ? [] : [{ rule, translation }];
    });
    if (translating.length === 0) return [];
    const hooks = waysTo(ruleset, chain.id).map(({ from }) => from);
    return hooks.length === 0 ? [] : translating.map((found) => ({ ...found, hooks }));
  });
}

/** The translation a rule makes, if it makes one. */
export function translationOf(rule: Rule): Translation | undefined {
  for (const part of rule.parts) {
    if (part.kind === "action" && "flags" in part.action) return part.action;
  }
  return undefined;
}

/** What would be translated if the packet were the first of its connection, and how it would look then. */
export interface Translations {
  readonly destination: readonly RuleTranslation[];
  readonly source: readonly RuleTranslation[];
  /** The packet as it would leave; what the rules leave to the kernel is unknown. */
  readonly packet: Packet;
}

/**
 * Asks the nat chains for a forwarded connection: destination at prerouting, then source at postrouting with the
 * interface that `outInterface` names for the packet as it is by then.
 */
export function translationsOf(
  ruleset: Ruleset,
  packet: Packet,
  outInterface: (packet: Packet) => string | undefined,
  surroundings: Surroundings = {},
): Translations {
  const arrived = matchPacket(ruleset, packet, "prerouting", surroundings);
  const out = outInterface(arrived.packet);
  const leaving = out === undefined ? arrived.packet : { ...arrived.packet, outInterface: out };
  const left = matchPacket(ruleset, leaving, "postrouting", surroundings);
  return { destination: arrived.translations, source: left.translations, packet: left.packet };
}
