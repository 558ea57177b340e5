import { parseIpv4, type Ipv4 } from "../address/ipv4.ts";
import { parseIpv4Prefix, prefixContains } from "../address/ipv4-prefix.ts";
import type { NetworkSignal, PolicyRuleSignal, RouteSignal } from "./signals/network.ts";

/** Where a packet would go. */
export interface RouteAnswer {
  /** The route that was found: also `blackhole`, `unreachable`, `prohibit`. */
  readonly route?: RouteSignal;
  /** The policy rule that sent it there, or refuses it. */
  readonly rule?: PolicyRuleSignal;
}

/** What of a packet decides where it goes. */
export interface RoutedPacket {
  readonly source?: string;
  readonly destination: string;
  readonly incoming?: string;
}

/** Types of routes that lead nowhere. */
export const REFUSING: ReadonlySet<string> = new Set(["blackhole", "unreachable", "prohibit"]);

/**
 * Asks the policy rules and their tables as the kernel does, for a packet without firewall mark. Empty: there is no
 * route; undefined: the addresses are none of IPv4.
 */
export function lookUpRoute(network: NetworkSignal, packet: RoutedPacket): RouteAnswer | undefined {
  const destination = parseIpv4(packet.destination);
  if (destination === undefined) return undefined;
  for (const rule of network.policyRules.toSorted((a, b) => a.priority - b.priority)) {
    if (fits(rule, packet, destination) === (rule.inverted === true)) continue;
    if (rule.action !== undefined) {
      if (REFUSING.has(rule.action)) return { rule };
      continue;
    }
    const route = longest(network.routes, rule.table, destination);
    if (route === undefined || route.type === "throw" || isSuppressed(route, rule)) continue;
    return { route, rule };
  }
  return {};
}

function isSuppressed({ destination }: RouteSignal, { suppress }: PolicyRuleSignal): boolean {
  return suppress !== undefined && (parseIpv4Prefix(destination)?.length ?? 0) <= suppress;
}

function fits(rule: PolicyRuleSignal, packet: RoutedPacket, destination: Ipv4): boolean {
  const source = packet.source === undefined ? undefined : parseIpv4(packet.source);
  // A mark that is 0 under the mask is what an unmarked packet has.
  if (rule.mark !== undefined && rule.mark !== 0) return false;
  if (rule.incoming !== undefined && rule.incoming !== packet.incoming) return false;
  return contains(rule.from, source) && contains(rule.to, destination);
}

function contains(text: string | undefined, address: Ipv4 | undefined): boolean {
  if (text === undefined) return true;
  const prefix = parseIpv4Prefix(text);
  return prefix !== undefined && address !== undefined && prefixContains(prefix, address);
}

function longest(routes: readonly RouteSignal[], table: number, destination: Ipv4): RouteSignal | undefined {
  let best: RouteSignal | undefined;
  let length = -1;
  for (const route of routes) {
    const prefix = route.table === table ? parseIpv4Prefix(route.destination) : undefined;
    if (prefix === undefined || prefix.length < length || !prefixContains(prefix, destination)) continue;
    if (prefix.length === length && (route.metric ?? 0) >= (best?.metric ?? 0)) continue;
    best = route;
    length = prefix.length;
  }
  return best;
}

const TABLES: ReadonlyMap<number, string> = new Map([
  [253, "default"],
  [254, "main"],
  [255, "local"],
]);

/** As ip-route(8) writes it: `10.0.0.0/8 via 192.0.2.1 dev lan`; the table only if it is not main. */
export function routeText(route: RouteSignal): string {
  const words = [route.destination === "0.0.0.0/0" ? "default" : route.destination];
  if (route.type !== "unicast") words.unshift(route.type);
  if (route.via !== undefined) words.push(`via ${route.via}`);
  if (route.interface !== undefined) words.push(`dev ${route.interface}`);
  if (route.table !== 254) words.push(`table ${TABLES.get(route.table) ?? route.table}`);
  if (route.metric !== undefined && route.metric !== 0) words.push(`metric ${route.metric}`);
  return words.join(" ");
}
