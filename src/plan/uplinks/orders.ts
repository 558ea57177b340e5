import { mergeRanges, subtractRanges, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { UplinkOrder } from "./uplinks-plan.ts";

/**
 * The uplinks of each subscriber, in the order of the rules that translate it: a host of static NAT has its own first,
 * then come the source NAT rules as the file has them. Rules that leave by other links do not count.
 */
export function uplinkOrders({ uplinks = [], staticNat, sourceNat }: Gateway): UplinkOrder[] {
  const names = new Set(uplinks.map(({ link }) => link));
  const rules = [
    ...staticNat.map((entry) => ({ out: entry.out, sources: [entry.private] })),
    ...sourceNat.map((rule) => ({ out: rule.out, sources: subtractRanges(rule.from, rule.except) })),
  ];
  let parts: readonly UplinkOrder[] = [];
  for (const { out, sources } of rules) if (names.has(out)) parts = joined(withRule(parts, out, sources));
  return [...parts];
}

/** Everyone the rule translates has its uplink last, if not before. */
function withRule(parts: readonly UplinkOrder[], out: string, sources: readonly Ipv4Range[]): UplinkOrder[] {
  const next: UplinkOrder[] = [];
  let left = mergeRanges(sources);
  for (const part of parts) {
    const others = subtractRanges(part.subscribers, sources);
    const these = subtractRanges(part.subscribers, others);
    left = subtractRanges(left, part.subscribers);
    if (part.uplinks.includes(out) || these.length === 0) next.push(part);
    else next.push({ ...part, subscribers: others }, { uplinks: [...part.uplinks, out], subscribers: these });
  }
  return [...next, { uplinks: [out], subscribers: left }];
}

function joined(parts: readonly UplinkOrder[]): UplinkOrder[] {
  const orders = new Map<string, UplinkOrder>();
  for (const { uplinks, subscribers } of parts) {
    if (subscribers.length === 0) continue;
    const key = uplinks.join(" ");
    const before = orders.get(key)?.subscribers ?? [];
    orders.set(key, { uplinks, subscribers: mergeRanges([...before, ...subscribers]) });
  }
  return [...orders.values()];
}
