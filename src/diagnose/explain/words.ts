import { placeOf, describePolicy } from "../rules/describe.ts";
import type { Ending, HookResult } from "../rules/evaluate/match-packet.ts";
import { UNKNOWN_ADDRESS } from "../rules/evaluate/state.ts";
import { ownerOf } from "../rules/owner.ts";
import type { Packet } from "../rules/packet.ts";
import type { Hook, Rule } from "../rules/ruleset.ts";
import type { EndingWords, HookWords, RuleWords } from "./explanation.ts";

/** A rule without what only the evaluation needs. */
export function ruleWords(rule: Rule): RuleWords {
  const owner = ownerOf(rule);
  return {
    id: rule.id,
    place: placeOf(rule),
    ...(owner === undefined ? {} : { owner: owner.name }),
    text: rule.text,
  };
}

/** What a hook does, without what only the evaluation needs. */
export function hookWords(hook: Hook, { hits, endings, passes }: HookResult): HookWords {
  return {
    kind: "hook",
    hook,
    passes,
    rules: hits.map(({ rule, matches, counts }) => ({
      ...ruleWords(rule),
      matches,
      ...(counts === undefined ? {} : { counts }),
    })),
    endings: endings.map(endingWords),
  };
}

/** Who ends the way, and how. */
export function endingWords({ verdict, certainty, rule, chain }: Ending): EndingWords {
  if (rule === undefined) return { verdict, certainty, by: describePolicy(chain) };
  const words = ruleWords(rule);
  const by = `${words.place}${words.owner === undefined ? "" : ` (${words.owner})`}: ${words.text}`;
  return { verdict, certainty, rule: words, by };
}

/** `10.64.1.9:40000 > 198.51.100.80:443`; what is not known is `?`. */
export function packetWords(packet: Packet): string {
  const { source, sourcePort, destination, destinationPort } = packet;
  const hasPorts = packet.protocol !== 1 && packet.protocol !== 58;
  return `${endWords(source, sourcePort, hasPorts)} > ${endWords(destination, destinationPort, hasPorts)}`;
}

/** `10.64.1.9:40000`, or the address alone. */
export function endWords(address: string, port: number | undefined, hasPorts = true): string {
  return hasPorts ? `${address}:${port ?? UNKNOWN_ADDRESS}` : address;
}

/** `203.0.113.10-203.0.113.13`, or the one address. */
export function rangeWords({
  first,
  last,
}: {
  readonly first: string | number;
  readonly last: string | number;
}): string {
  return first === last ? String(first) : `${first}-${last}`;
}
