import { addressBits, formatAddress } from "../../diagnose/rules/address.ts";
import type { Scope, Span } from "./scope.ts";

/**
 * Packets that must stay on the kernel's path. What is left out may be anything. Every packet of one direction is asked
 * for itself: `source` is where it comes from, before or after its translation, because a rule may see either; and
 * `destination` likewise.
 */
export interface Exemption {
  /** Undefined: both, and then there are no addresses. */
  readonly family?: "ip" | "ip6";
  /** Address and length: `10.1.0.0/16`. */
  readonly source?: string;
  readonly destination?: string;
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

/** The addresses, protocol and interfaces of an exemption. */
export type ExemptionFields = Omit<Exemption, "rule" | "why">;

/** A rule for more prefixes or interfaces than this is taken to be for any: each costs time with every connection. */
const MOST = 8;

/** The exemptions that take in all packets of the scope. */
export function exemptionsFor(scope: Scope, family: "ip" | "ip6", protocol: 6 | 17): ExemptionFields[] {
  const sources = prefixes(scope.sources, family);
  const destinations = prefixes(scope.destinations, family);
  const [fewSources, fewDestinations] =
    sources.length * destinations.length <= MOST
      ? [sources, destinations]
      : sources.length <= destinations.length
        ? [sources, ANY]
        : [ANY, destinations];
  return fewSources.flatMap((source) =>
    fewDestinations.flatMap((destination) =>
      names(scope.inInterfaces).flatMap((inInterface) =>
        names(scope.outInterfaces).map((outInterface) => ({
          family,
          ...(source === undefined ? {} : { source }),
          ...(destination === undefined ? {} : { destination }),
          protocol,
          ...(inInterface === undefined ? {} : { inInterface }),
          ...(outInterface === undefined ? {} : { outInterface }),
        })),
      ),
    ),
  );
}

/** The packets that answer those of the scope. They may come back by other interfaces. */
export function answersTo(scope: Scope): Scope {
  return {
    ...(scope.destinations === undefined ? {} : { sources: scope.destinations }),
    ...(scope.sources === undefined ? {} : { destinations: scope.sources }),
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

const FIELDS = ["family", "source", "destination", "protocol", "inInterface", "outInterface"] as const;

function contains(wide: ExemptionFields, narrow: ExemptionFields): boolean {
  return FIELDS.every((field) => wide[field] === undefined || wide[field] === narrow[field]);
}

function keyOf(one: ExemptionFields): string {
  return FIELDS.map((field) => one[field] ?? "*").join(" ");
}
