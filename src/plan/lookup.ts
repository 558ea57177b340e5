import type { Ipv4 } from "../address/ipv4.ts";
import { network } from "../address/ipv4-prefix.ts";
import {
  addressAt,
  countAddresses,
  indexOfAddress,
  rangesContain,
  subtractRanges,
  type Ipv4Range,
} from "../address/ipv4-range.ts";
import { portRangesOverlap, type PortRange } from "../address/port-range.ts";
import { pairedAddress } from "./pairing.ts";
import type { Plan, PublicAddress, SourcePlan } from "./plan.ts";
import { blockAt, blockRange, isReserved, mappingOf, subscriberAt } from "./port-blocks.ts";

/** What a public address and port stand for. Each finding is certain, but for `shared`, which only a log can settle. */
export type PublicFinding =
  /** A port forward listens there. `protocol` is the forward's. */
  | {
      readonly kind: "forward";
      readonly rule: string;
      readonly host: Ipv4;
      readonly port: number;
      readonly protocol: string;
    }
  /** One public address for one inside host. */
  | { readonly kind: "static"; readonly rule: string; readonly host: Ipv4 }
  /** The host is known there by this address (twice NAT). */
  | { readonly kind: "twice"; readonly rule: string; readonly host: Ipv4; readonly link: string }
  /** The subscriber has these ports of the address to itself. */
  | { readonly kind: "subscriber"; readonly rule: string; readonly subscriber: Ipv4; readonly mapping: PublicAddress }
  /**
   * One of these subscribers; only a log can tell which. The pool pairs subscribers with addresses by a hash,
   * so only those paired with this one come into question (`paired`), unless there are too many to go through.
   */
  | {
      readonly kind: "shared";
      readonly rule: string;
      readonly candidates: readonly Ipv4Range[];
      readonly candidateCount: number;
      readonly paired: boolean;
    }
  /** A port block nobody has, because these port forwards listen in it. */
  | {
      readonly kind: "reserved";
      readonly rule: string;
      readonly ports: PortRange;
      readonly forwards: readonly string[];
    }
  /** A port block no subscriber has yet. */
  | { readonly kind: "free"; readonly rule: string; readonly ports: PortRange }
  /** A public address of the rule, but a port source NAT does not use. */
  | { readonly kind: "unused-port"; readonly rule: string; readonly ports: PortRange }
  /** The gateway's own address on the link. */
  | { readonly kind: "gateway"; readonly link: string };

/** A plain masquerade may keep any port, those below 1024 too, and any ICMP identifier. */
const ANY_PORT: PortRange = { first: 0, last: 65535 };

/** Subscribers past this are not hashed one by one to narrow the candidates. */
const NARROWED_MAX = 1_048_576;

/**
 * Who is behind a public address and port. Without a protocol, forwards of any protocol match.
 * Empty: the address is none of this gateway's.
 */
export function lookupPublic(plan: Plan, address: Ipv4, port: number, protocol?: string): PublicFinding[] {
  const forwards = forwardsAt(plan, address, port, protocol);
  if (forwards.length > 0) return forwards;
  const fixed = staticAt(plan, address);
  if (fixed.length > 0) return fixed;
  const findings = plan.sources.flatMap((source) => sourceAt(plan, source, address, port));
  const own = plan.gateway.links.filter((link) => link.addresses.some((prefix) => prefix.address === address));
  return [...findings, ...own.map((link): PublicFinding => ({ kind: "gateway", link: link.name }))];
}

function forwardsAt(plan: Plan, address: Ipv4, port: number, protocol: string | undefined): PublicFinding[] {
  return plan.gateway.portForwards.flatMap((forward): PublicFinding[] => {
    const { listen, to } = forward;
    if (listen.address !== address || port < listen.ports.first || port > listen.ports.last) return [];
    if (protocol !== undefined && !forward.protocol.split("+").includes(protocol)) return [];
    return [
      {
        kind: "forward",
        rule: forward.name,
        host: to.address,
        port: to.ports.first + port - listen.ports.first,
        protocol: forward.protocol,
      },
    ];
  });
}

function staticAt(plan: Plan, address: Ipv4): PublicFinding[] {
  const statics = plan.gateway.staticNat.flatMap((rule): PublicFinding[] => {
    const index = indexOfAddress([rule.public], address);
    return index === undefined ? [] : [{ kind: "static", rule: rule.name, host: rule.private.first + index }];
  });
  const twice = plan.gateway.twiceNat.flatMap((rule): PublicFinding[] =>
    [rule.inside, rule.outside].flatMap((side): PublicFinding[] => {
      const offset = address - network(side.seenAs);
      if (offset < 0 || offset >= 2 ** (32 - side.seenAs.length)) return [];
      return [{ kind: "twice", rule: rule.name, host: network(side.hosts) + offset, link: side.link }];
    }),
  );
  return [...statics, ...twice];
}

function sourceAt(plan: Plan, source: SourcePlan, address: Ipv4, port: number): PublicFinding[] {
  const rule = source.rule.name;
  if (source.blocks !== undefined) {
    const block = blockAt(source.blocks, address, port);
    if (block === undefined) return unusedPort(source, address);
    const mapping = blockRange(source.blocks, block);
    const subscriber = subscriberAt(source.blocks, address, port);
    if (subscriber !== undefined) return [{ kind: "subscriber", rule, subscriber, mapping }];
    if (!isReserved(source.blocks, block)) return [{ kind: "free", rule, ports: mapping.ports }];
    const forwards = plan.gateway.portForwards
      .filter(({ listen }) => listen.address === address && portRangesOverlap(listen.ports, mapping.ports))
      .map(({ name }) => name);
    return [{ kind: "reserved", rule, ports: mapping.ports, forwards }];
  }
  const addresses = sharedAddresses(plan, source);
  const index = addresses.findIndex((candidate) => candidate.address === address);
  const ports = addresses[index]?.ports;
  if (ports === undefined) return [];
  if (port < ports.first || port > ports.last) return [{ kind: "unused-port", rule, ports }];
  return [sharedFinding(source, leftFor(plan, source), index, addresses.length)];
}

function unusedPort(source: SourcePlan, address: Ipv4): PublicFinding[] {
  const known = source.addresses.find((candidate) => candidate.address === address);
  return known === undefined ? [] : [{ kind: "unused-port", rule: source.rule.name, ports: known.ports }];
}

function sharedFinding(
  source: SourcePlan,
  subscribers: readonly Ipv4Range[],
  index: number,
  modulus: number,
): PublicFinding {
  const hashed = source.rule.to.kind !== "masquerade" && modulus > 1 && countAddresses(subscribers) <= NARROWED_MAX;
  const candidates = hashed ? pairedWith(subscribers, index, modulus) : subscribers;
  const paired = hashed || (modulus === 1 && source.rule.to.kind !== "masquerade");
  return { kind: "shared", rule: source.rule.name, candidates, candidateCount: countAddresses(candidates), paired };
}

/** The subscribers that no static translation and no earlier rule by the same link takes. */
function leftFor(plan: Plan, source: SourcePlan): Ipv4Range[] {
  const { out } = source.rule;
  const statics = plan.gateway.staticNat.filter((rule) => rule.out === out).map((rule) => rule.private);
  const earlier = plan.sources.slice(0, plan.sources.indexOf(source)).filter(({ rule }) => rule.out === out);
  return subtractRanges(source.subscribers, [...statics, ...earlier.flatMap(({ subscribers }) => subscribers)]);
}

function pairedWith(subscribers: readonly Ipv4Range[], index: number, modulus: number): Ipv4Range[] {
  const candidates: { first: Ipv4; last: Ipv4 }[] = [];
  for (const range of subscribers) {
    for (let subscriber = range.first; subscriber <= range.last; subscriber++) {
      if (pairedAddress(subscriber, modulus) !== index) continue;
      const previous = candidates.at(-1);
      if (previous !== undefined && previous.last === subscriber - 1) previous.last = subscriber;
      else candidates.push({ first: subscriber, last: subscriber });
    }
  }
  return candidates;
}

/** The addresses of a rule without blocks; those of its link for masquerade. */
function sharedAddresses(plan: Plan, source: SourcePlan): readonly PublicAddress[] {
  if (source.rule.to.kind !== "masquerade") return source.addresses;
  const link = plan.gateway.links.find(({ name }) => name === source.rule.out);
  const ports = source.masqueradePorts ?? ANY_PORT;
  return (link?.addresses ?? []).map(({ address }) => ({ address, ports }));
}

/** Where an inside host is seen from outside. */
export type SubscriberFinding =
  /** The ports of this address are its own. */
  | { readonly kind: "block"; readonly rule: string; readonly out: string; readonly mapping: PublicAddress }
  /** It shares the ports of this address; undefined for masquerade, where the address may change. */
  | { readonly kind: "shared"; readonly rule: string; readonly out: string; readonly mapping?: PublicAddress }
  /** It has the address for itself. */
  | { readonly kind: "static"; readonly rule: string; readonly out: string; readonly address: Ipv4 }
  /** What arrives there is sent to it. */
  | {
      readonly kind: "forward";
      readonly rule: string;
      readonly protocol: string;
      readonly listen: PublicAddress;
      readonly ports: PortRange;
    }
  /** The other side of the twice NAT knows it by this address. */
  | { readonly kind: "twice"; readonly rule: string; readonly link: string; readonly address: Ipv4 }
  /** The rule passes it over. */
  | { readonly kind: "excepted"; readonly rule: string; readonly out: string };

/** How an inside address is translated, by link; empty if this gateway does not translate it. */
export function lookupSubscriber(plan: Plan, address: Ipv4): SubscriberFinding[] {
  const findings: SubscriberFinding[] = [];
  const translated = new Set<string>();
  for (const rule of plan.gateway.staticNat) {
    const index = indexOfAddress([rule.private], address);
    const seen = index === undefined ? undefined : addressAt([rule.public], index);
    if (seen === undefined) continue;
    translated.add(rule.out);
    findings.push({ kind: "static", rule: rule.name, out: rule.out, address: seen });
  }
  // By each link the first rule that has the address takes it.
  for (const source of plan.sources) {
    const { out } = source.rule;
    const finding = translated.has(out) ? undefined : translation(source, address);
    if (finding === undefined) continue;
    findings.push(finding);
    if (finding.kind !== "excepted") translated.add(out);
  }
  return [...findings, ...twiceOf(plan, address), ...forwardsTo(plan, address)];
}

function translation(source: SourcePlan, address: Ipv4): SubscriberFinding | undefined {
  const { name: rule, out } = source.rule;
  if (!rangesContain(source.rule.from, address)) return undefined;
  if (rangesContain(source.rule.except, address)) return { kind: "excepted", rule, out };
  if (source.blocks !== undefined) {
    const mapping = mappingOf(source.blocks, address);
    return mapping === undefined ? undefined : { kind: "block", rule, out, mapping };
  }
  const mapping = source.addresses[pairedAddress(address, source.addresses.length)];
  return { kind: "shared", rule, out, ...(mapping === undefined ? {} : { mapping }) };
}

function twiceOf(plan: Plan, address: Ipv4): SubscriberFinding[] {
  return plan.gateway.twiceNat.flatMap((rule): SubscriberFinding[] => {
    const offset = address - network(rule.inside.hosts);
    if (offset < 0 || offset >= 2 ** (32 - rule.inside.hosts.length)) return [];
    return [{ kind: "twice", rule: rule.name, link: rule.outside.link, address: network(rule.inside.seenAs) + offset }];
  });
}

function forwardsTo(plan: Plan, address: Ipv4): SubscriberFinding[] {
  return plan.gateway.portForwards
    .filter((forward) => forward.to.address === address)
    .map(({ name, protocol, listen, to }) => ({ kind: "forward", rule: name, protocol, listen, ports: to.ports }));
}
