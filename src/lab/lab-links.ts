import { formatIpv4, type Ipv4 } from "../address/ipv4.ts";
import { broadcast, formatIpv4Prefix, network, prefixContains, type Ipv4Prefix } from "../address/ipv4-prefix.ts";
import { rangesContain, type Ipv4Range } from "../address/ipv4-range.ts";
import type { Gateway, Link } from "../config/gateway.ts";
import type { AddressSetting } from "../render/desired-state.ts";
import { placePublicAddresses } from "../render/public-addresses.ts";
import type { LabLink } from "./topology.ts";

/** Documentation addresses (RFC 5737), eight for each link; 198.18.0.0/15 is left to traffic generators (RFC 2544). */
const ASSUMED_OUTSIDE = 0xc0000200;
const ASSUMED_INSIDE = 0xc6336400;

/** The links of the lab, the addresses they have that the file does not give, and why. */
export interface LabLinkPlan {
  readonly links: readonly LabLink[];
  readonly assumed: readonly AddressSetting[];
  readonly assumptions: readonly string[];
}

/** Decides for each link which side it faces and who is at its other end; adds a side that the file has no link to. */
export function planLabLinks(gateway: Gateway): LabLinkPlan {
  const assumed: AddressSetting[] = [];
  const assumptions: string[] = [];
  const taken = placePublicAddresses(gateway).map((placed) => placed.range);
  const facing = outsideLinks(gateway);
  const sides: { link: Link; side: "inside" | "outside" }[] = gateway.links.map((link) => ({
    link,
    side: facing.has(link.name) ? "outside" : "inside",
  }));
  for (const [side, name] of [
    ["outside", "lab-wan"],
    ["inside", "lab-lan"],
  ] as const) {
    if (sides.some((entry) => entry.side === side)) continue;
    sides.push({ link: { name, interface: name, addresses: [] }, side });
    assumptions.push(`no link of the file leads ${side}: the lab adds ${name}`);
  }
  const links = sides.map(({ link, side }, index): LabLink => {
    const own = withAssumedAddress(link, side, index);
    for (const address of own.addresses.slice(link.addresses.length)) {
      assumed.push({ interface: link.interface, address: formatIpv4(address.address), length: address.length });
      assumptions.push(`link ${link.name} has no network in the file: in the lab it has ${formatIpv4Prefix(address)}`);
    }
    const neighbour = link.gateway ?? freeAddress(own.network, own.addresses, side === "outside" ? taken : []);
    const members = link.bond === undefined ? {} : { members: link.bond.members };
    return { name: link.name, interface: link.interface, side, addresses: own.addresses, ...members, neighbour };
  });
  if (!gateway.links.some((link) => link.gateway !== undefined)) {
    const wan = links.find((link) => link.side === "outside");
    if (wan !== undefined) assumptions.push(`no link has a gateway: the lab's default route leaves by ${wan.name}`);
  }
  return { links, assumed, assumptions };
}

/** Names of the links that something leaves by towards the internet or another network. */
function outsideLinks(gateway: Gateway): Set<string> {
  const names = new Set<string>();
  for (const link of gateway.links) {
    const listens = gateway.portForwards.some((forward) =>
      link.addresses.some((own) => prefixContains(own, forward.listen.address)),
    );
    if (link.gateway !== undefined || listens) names.add(link.name);
  }
  for (const rule of [...gateway.sourceNat, ...gateway.staticNat]) names.add(rule.out);
  for (const rule of gateway.twiceNat) names.add(rule.outside.link);
  return names;
}

/** The link's addresses and a network on it with room for a neighbour, assumed if the file has none. */
function withAssumedAddress(link: Link, side: LabLink["side"], index: number) {
  const roomy = link.addresses.find((own) => own.length < 32);
  if (roomy !== undefined) return { addresses: link.addresses, network: roomy };
  const assumed = assumedAddress(link, side, index);
  return { addresses: [...link.addresses, assumed], network: assumed };
}

function assumedAddress(link: Link, side: LabLink["side"], index: number): Ipv4Prefix {
  if (link.gateway !== undefined) {
    const step = (link.gateway & 0xff) < 254 ? 1 : -1;
    return { address: link.gateway + step, length: 24 };
  }
  if (side === "outside") return { address: ASSUMED_OUTSIDE + index * 8 + 2, length: 29 };
  return { address: ASSUMED_INSIDE + index * 8 + 1, length: 29 };
}

/** The first address of the network that is neither the gateway's nor public. */
function freeAddress(prefix: Ipv4Prefix, own: readonly Ipv4Prefix[], taken: readonly Ipv4Range[]): Ipv4 {
  const edge = prefix.length >= 31 ? 0 : 1;
  for (let address = network(prefix) + edge; address <= broadcast(prefix) - edge; address++) {
    if (own.some((used) => used.address === address) || rangesContain(taken, address)) continue;
    return address;
  }
  throw new RangeError(`no address is free in ${formatIpv4Prefix(prefix)} for the lab's neighbour`);
}
