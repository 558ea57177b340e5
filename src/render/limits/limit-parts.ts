import { countAddresses } from "../../address/ipv4-range.ts";
import type { SubscriberLimits } from "../../config/limits.ts";
import type { Plan } from "../../plan/plan.ts";
import type { LimitedBody } from "../../plan/limits/limits-plan.ts";
import type { NftChain, NftCounter, NftSet } from "../desired-state.ts";
import { identifier, quoteInterfaces } from "../name.ts";
import { addressSet } from "../source-nat.ts";

/** What `limits` adds to the table. */
export interface RulesetParts {
  readonly sets: readonly NftSet[];
  readonly counters: readonly NftCounter[];
  /** Those that others jump to first. */
  readonly chains: readonly NftChain[];
}

const NOTHING: RulesetParts = { sets: [], counters: [], chains: [] };

/** Why a connection is refused: the counter of all, and with the same name the set that counts for each subscriber. */
export const REFUSALS = {
  connections: { name: "refused_connections", about: "packets of new connections beyond a subscriber's limit" },
  rate: { name: "refused_rate", about: "packets of connections begun faster than a subscriber may" },
} as const;

/** Whoever has begun nothing for a minute is forgotten: by then any burst is allowed again. */
const FORGET = "1m";

/**
 * Refuses what is beyond a subscriber's limits. Only packets of new connections come here, and the refused ones before
 * they have an entry of the table. Each subscriber is an element that the rules make themselves; the limits are part of
 * the sets' names, because an element keeps the limit it was made with.
 */
export function limitParts({ gateway, limits }: Plan): RulesetParts {
  const bodies = (limits?.bodies ?? []).filter(({ perSubscriber }) => isLimited(perSubscriber));
  if (bodies.length === 0) return NOTHING;
  const parts = bodies.map(bodyParts);
  const used = [
    ...(bodies.some(({ perSubscriber }) => perSubscriber.newConnections !== undefined) ? [REFUSALS.rate] : []),
    ...(bodies.some(({ perSubscriber }) => perSubscriber.connections !== undefined) ? [REFUSALS.connections] : []),
  ];
  const everybody = bodies.flatMap(({ members }) => members);
  const outs = new Set([...gateway.sourceNat, ...gateway.staticNat].map(({ out }) => out));
  const outside = gateway.links.filter(({ name }) => outs.has(name));
  const fromOutside =
    outside.length === gateway.links.length || outside.length === 0
      ? []
      : [`iifname ${quoteInterfaces(outside.map((link) => link.interface))} accept`];
  return {
    sets: [
      ...parts.flatMap(({ sets }) => sets),
      ...used.map(({ name, about }): NftSet => ({
        name,
        key: "ipv4_addr",
        flags: ["dynamic"],
        size: sizeFor(countAddresses(everybody)),
        counts: true,
        elements: [],
        about: `${about}, for each subscriber`,
      })),
    ],
    counters: used,
    chains: [
      ...used.map(refusalChain),
      ...parts.map(({ chain }) => chain),
      {
        name: "limits",
        hook: { type: "filter", hook: "forward", priority: "filter - 1" },
        rules: ["ct state != new accept", ...fromOutside, ...parts.map(({ jump }) => jump)],
        about: "what a subscriber may begin",
      },
    ],
  };
}

function isLimited({ connections, newConnections }: SubscriberLimits): boolean {
  return connections !== undefined || newConnections !== undefined;
}

function bodyParts({ group, members, perSubscriber }: LimitedBody): {
  sets: NftSet[];
  chain: NftChain;
  jump: string;
} {
  const name = group === undefined ? "everybody" : identifier("group_", group.name);
  const who = group === undefined ? "everybody in no group" : `group ${group.name}`;
  const from = `limited_${name}`;
  const sets = [addressSet(from, members, `${who}: subscribers with limits`)];
  const rules: string[] = [];
  const { connections, newConnections } = perSubscriber;
  const size = sizeFor(countAddresses(members));
  if (newConnections !== undefined) {
    const { rate, burst } = newConnections;
    const begun = `begun_${name}.${rate}.${burst}`;
    const about = `${who}: how fast each begins connections`;
    sets.push({ name: begun, key: "ipv4_addr", flags: ["dynamic", "timeout"], size, elements: [], about });
    const over = `limit rate over ${rate}/second burst ${burst} packets`;
    rules.push(`update @${begun} { ip saddr timeout ${FORGET} ${over} } goto ${refusal(REFUSALS.rate)}`);
  }
  if (connections !== undefined) {
    const held = `held_${name}.${connections}`;
    const about = `${who}: the connections each has`;
    sets.push({ name: held, key: "ipv4_addr", flags: ["dynamic"], size, elements: [], about });
    rules.push(`add @${held} { ip saddr ct count over ${connections} } goto ${refusal(REFUSALS.connections)}`);
  }
  const chain = { name: `limit_${name}`, rules, about: `${who}: what each may begin` };
  return { sets, chain, jump: `ip saddr @${from} goto ${chain.name}` };
}

/** The subscriber's own count first, so that a full set keeps nobody from being refused. */
function refusalChain({ name, about }: NftCounter): NftChain {
  return {
    name: refusal({ name }),
    rules: [`counter name "${name}"`, `update @${name} { ip saddr }`, "reject with icmp type admin-prohibited"],
    about: `refuses ${about}, in a way that programs understand at once (RFC 1812, 5.2.7.1)`,
  };
}

function refusal({ name }: Pick<NftCounter, "name">): string {
  return name.replace("refused", "refuse");
}

/** The kernel makes the hash for as many; a power of two, so that one subscriber more makes no new set. */
function sizeFor(count: number): number {
  let size = 1024;
  while (size < count * 2 && size < 2 ** 18) size *= 2;
  return size;
}
