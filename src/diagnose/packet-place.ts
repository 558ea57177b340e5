import { parseIpv4, type Ipv4 } from "../address/ipv4.ts";
import { parseIpv4Prefix, prefixContains } from "../address/ipv4-prefix.ts";
import { lookUpRoute } from "./look-up-route.ts";
import type { LinkSignal, NetworkSignal } from "./signals/network.ts";
import type { Signals } from "./signals.ts";

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"].flatMap(
  (text) => parseIpv4Prefix(text) ?? [],
);

/** An address nobody has on the internet (RFC 1918, RFC 6598, RFC 3927). */
export function isPrivate(text: string): boolean {
  const address = parseIpv4(text);
  return address !== undefined && PRIVATE.some((prefix) => prefixContains(prefix, address));
}

/** An address of the host itself. */
export function isOwn(signals: Signals, text: string): boolean {
  return signals.network.addresses.some(({ address }) => address === text);
}

/** The address is reached by a route of its own, not by the default route: it belongs to the inside. */
export function isInside(signals: Signals, text: string): boolean {
  const route = lookUpRoute(signals.network, { destination: text })?.route;
  return route !== undefined && route.type === "unicast" && !route.destination.endsWith("/0");
}

/** The bridge that the interface is a port of. */
export function bridgeOf(network: NetworkSignal, name: string): LinkSignal | undefined {
  const master = network.links.find((link) => link.name === name)?.master;
  return network.links.find(({ index, kind }) => index === master && kind === "bridge");
}

/** The first octets of an address: `10.64.1.0/24`. */
export function networkOf(text: string, length: 16 | 24): string {
  const parts = text.split(".");
  return length === 24 ? `${parts.slice(0, 3).join(".")}.0/24` : `${parts.slice(0, 2).join(".")}.0.0/16`;
}

/** Loopback, "this network", multicast and broadcast: addresses that no packet on a wire may come from. */
export function kindOfImpossibleSource(text: string): string | undefined {
  const address: Ipv4 | undefined = parseIpv4(text);
  if (address === undefined) return undefined;
  const first = address >>> 24;
  if (first === 127) return "loopback";
  if (first === 0) return "0.0.0.0/8";
  if (address === 0xffffffff) return "broadcast";
  return first >= 224 ? "multicast or reserved" : undefined;
}
