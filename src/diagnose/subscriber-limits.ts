import { parseIpv4 } from "../address/ipv4.ts";
import { formatCount } from "./figures.ts";
import { rulesOf, type Rule, type Ruleset } from "./rules/ruleset.ts";
import type { RefusalSignal } from "./signals.ts";

/** A limit of the gateway file, as it stands in the rules. */
export interface SubscriberLimit {
  readonly limit: RefusalSignal["limit"];
  /** Undefined: of everybody who is in no group. */
  readonly group?: string;
  /** Connections at the same time, or new ones a second. */
  readonly amount: number;
  /** New connections at once after a quiet time. */
  readonly burst?: number;
}

const TABLE = "ip/meganat";
/** Sets are named after their limit: see src/render/limits/limit-parts.ts. */
const LIMITING = /@(held|begun)_(everybody|group_\S+?)\.(\d+)(?:\.(\d+))? \{/;

/** What the rule limits; undefined if it is none that a gateway file's limits have made. */
export function limitOf({ chainId, text }: Rule): SubscriberLimit | undefined {
  if (!chainId.startsWith(`${TABLE}/limit_`)) return undefined;
  const [, kind, body = "", amount, burst] = LIMITING.exec(text) ?? [];
  if (kind === undefined) return undefined;
  return {
    limit: kind === "held" ? "connections" : "rate",
    ...(body === "everybody" ? {} : { group: body.replace(/^group_/, "") }),
    amount: Number(amount),
    ...(burst === undefined ? {} : { burst: Number(burst) }),
  };
}

/** The rules that answer what the limits refuse. */
export function isRefusal({ chainId }: Rule): boolean {
  return chainId === `${TABLE}/refuse_connections` || chainId === `${TABLE}/refuse_rate`;
}

/** The limit of this kind that a subscriber is under; undefined: it cannot be told. */
export function limitOfSubscriber(
  rules: Ruleset,
  address: string,
  limit: RefusalSignal["limit"],
): SubscriberLimit | undefined {
  const all = rulesOf(rules)
    .map(limitOf)
    .filter((one) => one?.limit === limit);
  return (
    all.find((one) => one !== undefined && isMember(rules, one, address)) ?? (all.length === 1 ? all[0] : undefined)
  );
}

function isMember(rules: Ruleset, { group }: SubscriberLimit, address: string): boolean {
  const name = group === undefined ? "everybody" : `group_${group}`;
  const value = BigInt(parseIpv4(address) ?? -1);
  const elements = rules.sets.get(`${TABLE}/limited_${name}`)?.elements ?? [];
  return elements.some(({ key }) => key.kind === "range" && key.low <= value && value <= key.high);
}

/** Its place in the gateway file, in words. */
export function placeInFile({ limit, group }: SubscriberLimit): string {
  const key = `per-subscriber.${keyOf(limit)}`;
  return group === undefined ? `limits.${key}` : `${key} of group ${group} in limits`;
}

/** `500 connections`, `10 new connections a second`. */
export function amountWords({ limit, amount, burst = amount }: SubscriberLimit): string {
  if (limit === "connections") return `${formatCount(amount)} connections`;
  const more = burst === amount ? "" : `, ${formatCount(burst)} at once`;
  return `${formatCount(amount)} new connections a second${more}`;
}

/** The file with twice as much: for all who are under the limit, or for one subscriber in a group of its own. */
export function raisedInFile(limit: SubscriberLimit, subscriber?: string): string {
  const value = `per-subscriber: { ${keyOf(limit.limit)}: ${twice(limit)} }`;
  if (subscriber !== undefined) {
    return `limits:\n  groups:\n    - name: NAME\n      members: ${subscriber}\n      ${value}`;
  }
  return limit.group === undefined
    ? `limits:\n  ${value}`
    : `limits:\n  groups:\n    - name: ${limit.group}\n      ${value}`;
}

function twice({ limit, amount, burst = amount }: SubscriberLimit): string {
  if (limit === "connections") return String(amount * 2);
  return burst === amount ? `${amount * 2}/s` : `{ rate: ${amount * 2}/s, burst: ${burst * 2} }`;
}

function keyOf(limit: RefusalSignal["limit"]): string {
  return limit === "connections" ? "connections" : "new-connections";
}
