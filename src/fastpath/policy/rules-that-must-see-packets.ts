import type { Chain, Hook, NamedSet, Rule, Ruleset } from "../../diagnose/rules/ruleset.ts";
import {
  answersTo,
  exemptionsFor,
  joinExemptions,
  type Exemption,
  type ExemptionFields,
  type RuleName,
} from "./exemption.ts";
import { establishedPacket, FAST_PROTOCOLS, untrackedYet } from "./established.ts";
import { demandsOf, type Demand } from "./demand.ts";
import { rulesReached } from "./reach.ts";

/** What is to be known beside the rules. */
export interface MustSeeRequest {
  readonly ruleset: Ruleset;
  /** The interfaces between which the fast path forwards packets. */
  readonly devices: readonly string[];
  /**
   * The interfaces of those that choose among several queues or classes by a packet's mark or priority. A mark that nobody
   * reads behind the rules need not be set on each packet. Undefined: not known, so any may.
   */
  readonly readsMarks?: readonly string[];
  /** What could not be read of the rules, one sentence each. */
  readonly failed?: readonly string[];
}

/** What of the rules the fast path has to heed. */
export interface PacketPolicy {
  /** Packets that must stay on the kernel's path, rule by rule. */
  readonly exemptions: readonly Exemption[];
  /** Rules whose counters count only the packets that the kernel sees while the fast path is on. */
  readonly countsLess: readonly RuleName[];
}

/** Where forwarded packets come by, in their order. */
const HOOKS: readonly Hook[] = ["ingress", "prerouting", "forward", "postrouting", "egress"];

/** Of conntrack at prerouting: before it, packets belong to no connection. */
const CONNTRACK_PRIORITY = -200;

/**
 * Which rules need each packet of an established, forwarded connection of TCP or UDP. All others are asked again by the
 * fast path with one packet of each connection, every half second for busy connections and every 30 seconds for rare ones,
 * and keep their meaning with that delay. What is not understood counts as a rule that needs each packet. To be worked out
 * anew whenever the rules change.
 */
export function rulesThatMustSeePackets(request: MustSeeRequest): PacketPolicy {
  const { ruleset, failed = [] } = request;
  const exempted = new Map<Rule, { readonly fields: ExemptionFields[]; readonly why: string }>();
  const counting = new Set<Rule>();
  for (const hook of HOOKS) {
    for (const chain of ruleset.chains.values()) {
      if (!isMet(chain, hook, request.devices)) continue;
      for (const family of familiesOf(chain)) {
        for (const protocol of FAST_PROTOCOLS) {
          const demands = demandsAt(chain, hook, family, protocol, request);
          for (const rule of demands.counting) counting.add(rule);
          for (const { rule, why, scope, bothDirections } of demands.exempt) {
            const fields = exemptionsFor(scope, family, protocol);
            if (bothDirections) fields.push(...exemptionsFor(answersTo(scope), family, protocol));
            const before = exempted.get(rule);
            if (before === undefined) exempted.set(rule, { fields, why });
            else before.fields.push(...fields);
          }
        }
      }
    }
  }
  return {
    exemptions: [
      ...[...ruleset.unread, ...failed]
        .filter((text) => !MADE_WITH_NFT.test(text))
        .map((text): Exemption => ({ why: `could not be read (${text})` })),
      ...[...exempted].flatMap(([rule, { fields, why }]) =>
        joinExemptions(fields).map((each): Exemption => ({ ...each, rule: nameOf(rule), why })),
      ),
    ],
    countsLess: [...counting].map(nameOf),
  };
}

/** What iptables-nft-save says of a table of one of its names that was made with nft, and is read from nft's own list. */
const MADE_WITH_NFT = /contains incompatible base-chains, use 'nft' tool/;

/** Of sets that change by themselves nobody knows what will be in them: one that is empty now may be full in a second. */
function lasting(sets: Ruleset["sets"]): Ruleset["sets"] {
  const forget = (set: NamedSet): NamedSet => {
    const unknown = { ...set };
    delete unknown.elements;
    return unknown;
  };
  return new Map([...sets].map(([id, set]) => [id, set.changesByItself === true ? forget(set) : set]));
}

function demandsAt(
  chain: Chain,
  hook: Hook,
  family: "ip" | "ip6",
  protocol: 6 | 17,
  { ruleset, devices, readsMarks }: MustSeeRequest,
): { readonly exempt: readonly (Demand & { readonly rule: Rule })[]; readonly counting: readonly Rule[] } {
  const early = hook === "ingress" || (hook === "prerouting" && (chain.base?.priority ?? 0) < CONNTRACK_PRIORITY);
  const state = (early ? untrackedYet : establishedPacket)(family, protocol, hook);
  const context = { sets: lasting(ruleset.sets), surroundings: {}, family, devices };
  const exempt: (Demand & { readonly rule: Rule })[] = [];
  const counting: Rule[] = [];
  for (const reached of rulesReached(chain, state, ruleset.chains, context)) {
    const { demands, counts } = demandsOf(reached, { family, protocol }, ruleset, readsMarks);
    exempt.push(...demands.map((demand) => ({ ...demand, rule: reached.rule })));
    if (counts) counting.push(reached.rule);
  }
  return { exempt, counting };
}

/**
 * nat chains see the first packet of a connection only. Of bridges only the interface itself is on the fast path, and
 * packets still go through the bridge's own chains to its ports.
 */
function isMet({ base, family }: Chain, hook: Hook, devices: readonly string[]): boolean {
  if (base === undefined || base.hook !== hook || base.type === "nat") return false;
  if (family === "bridge" || family === "arp") return false;
  return base.device === undefined || devices.includes(base.device);
}

function familiesOf({ family }: Chain): readonly ("ip" | "ip6")[] {
  return family === "ip" || family === "ip6" ? [family] : ["ip", "ip6"];
}

function nameOf(rule: Rule): RuleName {
  const table = rule.program === "nft" ? `${rule.family} ${rule.table}` : `${rule.table} of ${rule.program}`;
  return {
    id: rule.id,
    ...(rule.handle === undefined ? {} : { handle: rule.handle }),
    place: `rule ${rule.number} of chain ${rule.chain} in table ${table}`,
    text: rule.text,
  };
}
