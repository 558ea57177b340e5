import type { Gateway } from "../../config/gateway.ts";
import type { LinkFacts } from "./facts.ts";

/** Cards that carry the packets, and names that no interface has. */
export interface ResolvedCards {
  readonly cards: readonly string[];
  readonly unknown: readonly string[];
  /** Interfaces that are no cards though they look like one, and what to tune in their place. */
  readonly shares: readonly CardShare[];
}

/** An interface without queues, rings or interrupts of its own. */
export interface CardShare {
  readonly name: string;
  readonly reason: string;
}

/**
 * The cards below these interfaces: the members of a bond or bridge, the one below a VLAN, macvlan or ipvlan. Loopback is
 * none, nor is what is on an interface of another namespace.
 */
export function resolveCards(names: readonly string[], links: readonly LinkFacts[]): ResolvedCards {
  const byName = new Map(links.map((link) => [link.name, link]));
  const cards = new Set<string>();
  const unknown = new Set<string>();
  const shares: CardShare[] = [];
  const visited = new Set<string>();
  const visit = (name: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    const link = byName.get(name);
    const share = link === undefined ? undefined : shareOf(link);
    if (share !== undefined) shares.push(share);
    if (link === undefined) unknown.add(name);
    else if (link.kind === "bond" || link.kind === "bridge") link.members.forEach(visit);
    else if (link.on !== undefined) visit(link.on);
    else if (name !== "lo" && link.onElsewhere !== true) cards.add(name);
  };
  names.forEach(visit);
  return { cards: [...cards], unknown: [...unknown], shares };
}

function shareOf({ name, kind = "", on, onElsewhere }: LinkFacts): CardShare | undefined {
  const what = kind === "vlan" ? "a VLAN" : `${kind.startsWith("i") ? "an" : "a"} ${kind}`;
  if (onElsewhere === true) {
    const reason = `${what} on an interface of another namespace, whose queues, rings and interrupts it uses: tune that one, there`;
    return { name, reason };
  }
  // A VLAN says by its name what it is on.
  if (on === undefined || kind === "vlan") return undefined;
  return { name, reason: `${what} on ${on}: it has no queues, rings or interrupts of its own, ${on} is tuned` };
}

/** The cards of the namespace: hardware, and veth, which is what a container has in place of one. */
export function allCards(links: readonly LinkFacts[]): ResolvedCards {
  const names = links.filter(({ name, kind }) => name !== "lo" && (kind === undefined || kind === "veth"));
  return { cards: names.map(({ name }) => name), unknown: [], shares: links.flatMap((link) => shareOf(link) ?? []) };
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
