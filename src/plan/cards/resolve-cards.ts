import type { Gateway } from "../../config/gateway.ts";
import type { LinkFacts } from "./facts.ts";

/** Cards that carry the packets, and names that no interface has. */
export interface ResolvedCards {
  readonly cards: readonly string[];
  readonly unknown: readonly string[];
}

/** The cards below these interfaces: the members of a bond or bridge, the one below a VLAN. Loopback is none. */
export function resolveCards(names: readonly string[], links: readonly LinkFacts[]): ResolvedCards {
  const byName = new Map(links.map((link) => [link.name, link]));
  const cards = new Set<string>();
  const unknown = new Set<string>();
  const visited = new Set<string>();
  const visit = (name: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    const link = byName.get(name);
    if (link === undefined) unknown.add(name);
    else if (link.kind === "bond" || link.kind === "bridge") link.members.forEach(visit);
    else if (link.on !== undefined) visit(link.on);
    else if (name !== "lo") cards.add(name);
  };
  names.forEach(visit);
  return { cards: [...cards], unknown: [...unknown] };
}

/** The cards of the namespace: hardware, and veth, which is what a container has in place of one. */
export function allCards(links: readonly LinkFacts[]): string[] {
  return links
    .filter(({ name, kind }) => name !== "lo" && (kind === undefined || kind === "veth"))
    .map(({ name }) => name);
}

/** The interfaces that the links of a gateway file need, as the file has them: a bond may not be there yet. */
export function cardsOfGateway({ links }: Pick<Gateway, "links">): string[] {
  const names = new Set<string>();
  const visited = new Set<string>();
  const visit = (name: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    const link = links.find((one) => one.interface === name);
    if (link?.bond !== undefined) for (const member of link.bond.members) names.add(member);
    else if (link?.vlan !== undefined) visit(link.vlan.on);
    else names.add(name);
  };
  for (const link of links) visit(link.interface);
  return [...names];
}
