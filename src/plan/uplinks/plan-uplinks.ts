import { countAddresses, rangesContain } from "../../address/ipv4-range.ts";
import type { Ipv4Range } from "../../address/ipv4-range.ts";
import { prefixContains } from "../../address/ipv4-prefix.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { Uplink } from "../../config/uplink.ts";
import type { SourcePlan } from "../plan.ts";
import { uplinkOrders } from "./orders.ts";
import type { UplinkOrder, UplinkPlan, UplinksPlan } from "./uplinks-plan.ts";

/** What the uplinks of the file mean; undefined without any. */
export function planUplinks(gateway: Gateway, sources: readonly SourcePlan[]): UplinksPlan | undefined {
  const { uplinks } = gateway;
  if (uplinks === undefined) return undefined;
  const orders = uplinkOrders(gateway);
  return { uplinks: uplinks.map((uplink) => planUplink(gateway, uplink, orders, sources)), orders };
}

function planUplink(
  gateway: Gateway,
  { link: name, health }: Uplink,
  orders: readonly UplinkOrder[],
  sources: readonly SourcePlan[],
): UplinkPlan {
  const link = gateway.links.find((one) => one.name === name);
  const own = orders.filter(({ uplinks }) => uplinks[0] === name);
  const moves = new Map<string, number>();
  for (const { uplinks, subscribers } of own) {
    const next = uplinks[1] ?? "";
    moves.set(next, (moves.get(next) ?? 0) + countAddresses(subscribers));
  }
  const rules = sources.filter(({ rule }) => rule.out === name);
  return {
    link: name,
    interface: link?.interface ?? name,
    gateway: link?.gateway ?? 0,
    health,
    subscribers: own.reduce((sum, { subscribers }) => sum + countAddresses(subscribers), 0),
    addresses: countPublic(rules),
    translationsPerDestination: rules.reduce((sum, one) => sum + one.translationsPerDestination, 0),
    moves: [...moves].flatMap(([to, subscribers]) => (to === "" ? [] : [{ to, subscribers }])),
    stranded: moves.get("") ?? 0,
    unreachable: unreachable(gateway, name),
  };
}

function countPublic(sources: readonly SourcePlan[]): number {
  const named = new Set(sources.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
  return named.size + (sources.some(({ rule }) => rule.to.kind === "masquerade") ? 1 : 0);
}

/** A forward to the same host and port that listens at another provider's address stands in for this one. */
function unreachable(gateway: Gateway, name: string): string[] {
  const here = publicAt(gateway, name);
  const isHere = (address: number): boolean =>
    rangesContain(here, address) ||
    gateway.links.some((link) => link.name === name && link.addresses.some((own) => prefixContains(own, address)));
  const forwards = gateway.portForwards.filter(
    ({ listen, to, protocol }) =>
      isHere(listen.address) &&
      !gateway.portForwards.some(
        (other) =>
          !isHere(other.listen.address) &&
          other.to.address === to.address &&
          other.to.ports.first === to.ports.first &&
          other.protocol === protocol,
      ),
  );
  const statics = gateway.staticNat.filter(({ out }) => out === name);
  return [...forwards, ...statics].map((entry) => entry.name);
}

function publicAt(gateway: Gateway, link: string): Ipv4Range[] {
  const rules = gateway.sourceNat.filter(({ out }) => out === link);
  const ranges = rules.flatMap(({ to }) => {
    if (to.kind === "address") return [{ first: to.address, last: to.address }];
    return to.kind === "pool" ? (gateway.pools.find(({ name }) => name === to.pool)?.addresses ?? []) : [];
  });
  return ranges.toSorted((a, b) => a.first - b.first);
}
