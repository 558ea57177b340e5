import { all } from "../rules/evaluate/certainty.ts";
import { matchPacket, type HookResult } from "../rules/evaluate/match-packet.ts";
import type { Packet, Surroundings } from "../rules/packet.ts";
import type { Chain, Hook, Ruleset } from "../rules/ruleset.ts";

/** What a connection makes of its packets of one direction. What is absent stays as it is. */
export interface Mapping {
  readonly source?: { readonly address: string; readonly port?: number };
  readonly destination?: { readonly address: string; readonly port?: number };
}

/** Where conntrack translates, at each hook (nf_nat_proto.c: nf_nat_ipv4_ops), and which side. */
const TRANSLATES: Partial<Record<Hook, readonly [priority: number, side: "source" | "destination"]>> = {
  prerouting: [-100, "destination"],
  output: [-100, "destination"],
  input: [100, "source"],
  postrouting: [100, "source"],
};

/**
 * What the rules of a hook do with a packet. With a mapping the packet belongs to a connection whose translation is
 * decided: nat chains do not see it, and chains after the place of translation see it translated.
 */
export function passHook(
  rules: Ruleset,
  packet: Packet,
  hook: Hook,
  mapping: Mapping | undefined,
  surroundings: Surroundings,
): HookResult {
  if (mapping === undefined) return matchPacket(rules, packet, hook, surroundings);
  const [priority, side] = TRANSLATES[hook] ?? [];
  const to = side === undefined ? undefined : mapping[side];
  if (priority === undefined || side === undefined || to === undefined) {
    return matchPacket(
      only(rules, ({ base }) => base?.type !== "nat"),
      packet,
      hook,
      surroundings,
    );
  }
  const isBefore = ({ base }: Chain): boolean => base === undefined || base.hook !== hook || base.priority <= priority;
  const before = matchPacket(
    only(rules, (chain) => chain.base?.type !== "nat" && isBefore(chain)),
    packet,
    hook,
    surroundings,
  );
  if (before.passes === "no") return before;
  const translated: Packet = {
    ...before.packet,
    [side]: to.address,
    ...(to.port === undefined ? {} : { [`${side}Port`]: to.port }),
  };
  const after = matchPacket(
    only(rules, (chain) => chain.base === undefined || (chain.base.type !== "nat" && !isBefore(chain))),
    translated,
    hook,
    surroundings,
  );
  return joined(before, after);
}

function only(rules: Ruleset, wanted: (chain: Chain) => boolean): Ruleset {
  return { ...rules, chains: new Map([...rules.chains].filter(([, chain]) => wanted(chain))) };
}

function joined(before: HookResult, after: HookResult): HookResult {
  const sure = before.passes === "yes";
  return {
    hits: [
      ...before.hits,
      ...after.hits.map((hit) =>
        sure
          ? hit
          : {
              ...hit,
              matches: "perhaps" as const,
              ...(hit.counts === undefined ? {} : { counts: all([hit.counts, "perhaps"]) }),
            },
      ),
    ],
    endings: [
      ...before.endings,
      ...after.endings.map((ending) => (sure ? ending : { ...ending, certainty: "perhaps" as const })),
    ],
    passes: all([before.passes, after.passes]),
    translations: [],
    packet: after.packet,
  };
}
