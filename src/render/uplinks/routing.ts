import { formatIpv4 } from "../../address/ipv4.ts";
import { formatIpv4Prefix } from "../../address/ipv4-prefix.ts";
import { mergeRanges, prefixRange, rangePrefixes } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import { orderMark, UPLINK_MASK, uplinkMark } from "../../plan/uplinks/marks.ts";
import { uplinkOrders } from "../../plan/uplinks/orders.ts";
import type { PolicyRuleSetting, RouteSetting } from "../desired-state.ts";
import { interfaceOf } from "../links.ts";
import { placePublicAddresses } from "../public-addresses.ts";
import { MAIN_TABLE } from "../reach.ts";
import { FIRST_OWN_TABLE, FIRST_PREFERRED_TABLE, PREFERRED_METRIC, PRIORITIES } from "./tables.ts";

const DEFAULT = "0.0.0.0/0";
const EVERYTHING = 32;

/** Routes and rules by which each packet leaves by the right provider. */
export function uplinkRouting(gateway: Gateway): {
  readonly routes: readonly RouteSetting[];
  readonly policyRules: readonly PolicyRuleSetting[];
} {
  const { uplinks = [] } = gateway;
  if (uplinks.length === 0) return { routes: [], policyRules: [] };
  const position = new Map(uplinks.map(({ link }, index) => [link, index]));
  const routes: RouteSetting[] = [];
  const rules: PolicyRuleSetting[] = [];
  for (const [index, { link: name }] of uplinks.entries()) {
    const via = gateway.links.find((link) => link.name === name)?.gateway ?? 0;
    const way = { destination: DEFAULT, interface: interfaceOf(gateway, name), via: formatIpv4(via) };
    routes.push(
      { ...way, table: FIRST_OWN_TABLE + index },
      { ...way, table: FIRST_PREFERRED_TABLE + index, metric: PREFERRED_METRIC },
    );
    const mark = { mark: uplinkMark(index), mask: UPLINK_MASK };
    rules.push({ ...mark, table: FIRST_OWN_TABLE + index, priority: PRIORITIES.connections + index });
  }
  rules.push({ table: MAIN_TABLE, priority: PRIORITIES.specific, suppress: 0 });
  for (const [index, { link }] of uplinks.entries()) {
    for (const from of sourcesOf(gateway, link)) {
      rules.push({ from, table: FIRST_OWN_TABLE + index, priority: PRIORITIES.sources + index });
    }
  }
  for (const [order, { uplinks: names }] of uplinkOrders(gateway).entries()) {
    const mark = { mark: orderMark(uplinks.length, order), mask: UPLINK_MASK };
    // Who has one uplink only has nowhere else to go.
    const first = names.length === 1 ? FIRST_OWN_TABLE : FIRST_PREFERRED_TABLE;
    for (const [at, name] of names.entries()) {
      const priority = PRIORITIES.orders + order * uplinks.length + at;
      rules.push({ ...mark, table: first + (position.get(name) ?? 0), priority });
    }
  }
  for (const index of uplinks.keys()) {
    rules.push({ table: FIRST_PREFERRED_TABLE + index, priority: PRIORITIES.rest + index });
  }
  return { routes, policyRules: rules };
}

/** The addresses that belong to the provider: the networks of the link, and the public addresses that are at it. */
function sourcesOf(gateway: Gateway, name: string): string[] {
  const own = gateway.links.find((link) => link.name === name)?.addresses ?? [];
  const networks = own.filter(({ length }) => length < EVERYTHING).map(prefixRange);
  const hosts = own.map(({ address }) => ({ first: address, last: address }));
  const placed = placePublicAddresses(gateway).flatMap(({ link, range }) => (link === name ? [range] : []));
  return mergeRanges([...networks, ...hosts, ...placed])
    .flatMap(rangePrefixes)
    .map(formatIpv4Prefix);
}
