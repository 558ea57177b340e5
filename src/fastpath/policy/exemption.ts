import { addressBits, formatAddress } from "../../diagnose/rules/address.ts";
import type { Scope, Span } from "./scope.ts";

/**
 * Packets that must stay on the kernel's path. What is left out may be anything. Every packet of one direction is asked
 * for itself: `source` and its ports are where it comes from, before or after its translation, because a rule may see
 * either; and `destination` likewise.
 */
export interface Exemption {
  /** Undefined: both, and then there are no addresses. */
  readonly family?: "ip" | "ip6";
  /** Address and length: `10.1.0.0/16`. */
  readonly source?: string;
  readonly destination?: string;
  /** One, or the first and the last: `20000-20003`. */
  readonly sourcePorts?: string;
  readonly destinationPorts?: string;
  /** TCP or UDP. */
  readonly protocol?: 6 | 17;
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** Left out if it is not known which rule it is. */
  readonly rule?: RuleName;
  /** What the rule does, for people: `counts bytes with quota`. */
  readonly why: string;
}

/** A rule, as one finds it again. */
export interface RuleName {
  /** The same as long as the rule lives. */
  readonly id: string;
  readonly handle?: number;
  /** Where it is: `rule 12 of chain forward in table inet fw`. */
  readonly place: string;
  readonly text: string;
}

/** The addresses, ports, protocol and interfaces of an exemption. */
export type ExemptionFields = Omit<Exemption, "rule" | "why">;

/** A rule for more prefixes, ranges of ports or interfaces than this is taken to be for any: each costs time with every connection. */
const MOST = 8;

/** The exemptions that take in all packets of the scope. */
export function exemptionsFor(scope: Scope, family: "ip" | "ip6", protocol: 6 | 17): ExemptionFields[] {
  const [sources = ANY, destinations = ANY, sourcePorts = ANY, destinationPorts = ANY] = fewEnough([
    prefixes(scope.sources, family),
    prefixes(scope.destinations, family),
    portRanges(scope.sourcePorts),
    portRanges(scope.destinationPorts),
  ]);
  const fields: readonly [keyof ExemptionFields, readonly (string | undefined)[]][] = [
    ["source", sources],
    ["destination", destinations],
    ["sourcePorts", sourcePorts],
    ["destinationPorts", destinationPorts],
    ["inInterface", names(scope.inInterfaces)],
    ["outInterface", names(scope.outInterfaces)],
  ];
  return fields.reduce<ExemptionFields[]>(
    (all, [field, values]) =>
      all.flatMap((one) => values.map((value) => (value === undefined ? one : { ...one, [field]: value }))),
    [{ family, protocol }],
  );
}

/** While they would come to too many when combined, the longest gives way. */
function fewEnough(lists: readonly (readonly (string | undefined)[])[]): readonly (readonly (string | undefined)[])[] {
  if (lists.reduce((product, { length }) => product * length, 1) <= MOST) return lists;
  const longest = lists.reduce((most, { length }) => Math.max(most, length), 0);
  const index = lists.findLastIndex(({ length }) => length === longest);
  return fewEnough(lists.map((list, at) => (at === index ? ANY : list)));
}

/** The packets that answer those of the scope. They may come back by other interfaces. */
export function answersTo(scope: Scope): Scope {
  return {
    ...(scope.destinations === undefined ? {} : { sources: scope.destinations }),
    ...(scope.sources === undefined ? {} : { destinations: scope.sources }),
    ...(scope.destinationPorts === undefined ? {} : { sourcePorts: scope.destinationPorts }),
    ...(scope.sourcePorts === undefined ? {} : { destinationPorts: scope.sourcePorts }),
  };
}

/** Fewer exemptions for the same packets: what holds for both protocols, or both families, is said once. */
export function joinExemptions(all: readonly ExemptionFields[]): ExemptionFields[] {
  const unique = distinct(all);
  const joined = distinct(joinOver(joinOver(unique, "protocol", [6, 17]), "family", ["ip", "ip6"]));
  return joined.filter((one) => !joined.some((other) => other !== one && contains(other, one)));
}

const ANY: readonly undefined[] = [undefined];

function names(interfaces: readonly string[] | undefined): readonly (string | undefined)[] {
  return interfaces === undefined || interfaces.length > MOST ? ANY : interfaces;
}

function portRanges(spans: readonly Span[] | undefined): readonly (string | undefined)[] {
  if (spans === undefined || spans.length > MOST) return ANY;
  return [...new Set(spans.map(({ low, high }) => (low === high ? `${low}` : `${low}-${high}`)))];
}

function prefixes(spans: readonly Span[] | undefined, family: "ip" | "ip6"): readonly (string | undefined)[] {
  if (spans === undefined) return ANY;
  const all = [...new Set(spans.flatMap((span) => prefixesOf(span, family)))];
  return all.length > MOST ? ANY : all;
}

/** The prefixes that make up the span, largest first where it begins with one. */
function prefixesOf({ low, high }: Span, family: "ip" | "ip6"): string[] {
  const width = addressBits(family);
  const list: string[] = [];
  for (let at = low; at <= high && list.length <= MOST;) {
    let host = 0n;
    while (host < BigInt(width) && (at & ((2n << host) - 1n)) === 0n && at + (2n << host) - 1n <= high) host++;
    list.push(`${formatAddress({ family, value: at })}/${width - Number(host)}`);
    at += 1n << host;
  }
  return list;
}

function joinOver<K extends "protocol" | "family">(
  all: readonly ExemptionFields[],
  field: K,
  values: readonly ExemptionFields[K][],
): ExemptionFields[] {
  const others = (one: ExemptionFields): string => keyOf({ ...one, [field]: undefined });
  return all.map((one) => {
    if (one[field] === undefined) return one;
    const there = all.filter((other) => others(other) === others(one)).map((other) => other[field]);
    const isAll = values.every((value) => there.includes(value));
    if (!isAll || (field === "family" && (one.source !== undefined || one.destination !== undefined))) return one;
    const { [field]: _, ...rest } = one;
    return rest;
  });
}

function distinct(all: readonly ExemptionFields[]): ExemptionFields[] {
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

const FIELDS = [
  "family",
  "source",
  "destination",
  "sourcePorts",
  "destinationPorts",
  "protocol",
  "inInterface",
  "outInterface",
] as const;

function contains(wide: ExemptionFields, narrow: ExemptionFields): boolean {
  return FIELDS.every((field) => wide[field] === undefined || wide[field] === narrow[field]);
}

function keyOf(one: ExemptionFields): string {
  return FIELDS.map((field) => one[field] ?? "*").join(" ");
}
