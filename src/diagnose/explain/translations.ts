import { parseIpv4 } from "../../address/ipv4.ts";
import { network, prefixContains } from "../../address/ipv4-prefix.ts";
import { formatAddress } from "../rules/address.ts";
import type { RuleTranslation } from "../rules/evaluate/match-packet.ts";
import { evaluate } from "../rules/evaluate/evaluate.ts";
import { stateAt } from "../rules/evaluate/state.ts";
import type { Value } from "../rules/evaluate/value.ts";
import type { Packet } from "../rules/packet.ts";
import type { Hook } from "../rules/ruleset.ts";
import type { AddressSignal } from "../signals/network.ts";
import type { FlowSignal } from "../signals/table.ts";
import type { PoolSignal } from "../signals/translation.ts";
import type { TranslationWords } from "./explanation.ts";
import { lastRoute } from "./way-words.ts";
import type { Ground, HookStep, Way } from "./way.ts";
import { endWords, rangeWords, ruleWords } from "./words.ts";

/** What the kernel takes for a port if a rule names none, by what the port was (nf_nat_core.c). */
const PORTS: readonly { readonly below: number; readonly first: number; readonly last: number }[] = [
  { below: 512, first: 1, last: 511 },
  { below: 1024, first: 600, last: 1023 },
  { below: 65_536, first: 1024, last: 65_535 },
];
const RANDOM: ReadonlySet<string> = new Set(["random", "fully-random", "random-fully"]);

interface Range<T> {
  readonly first: T;
  readonly last: T;
}

/** Where a new connection is translated, and by which rules. */
export function newTranslations(
  ground: Ground,
  way: Way,
  pools: readonly PoolSignal[],
  addresses: readonly AddressSignal[],
): TranslationWords[] {
  const ways = [way, ...(way.alternatives ?? [])];
  return ways.flatMap((one) => {
    const reply = lastRoute(one)?.reply;
    const via = reply?.kind === "leaves" ? reply.via : undefined;
    return one.steps
      .filter((step): step is HookStep => step.kind === "hook")
      .flatMap(({ hook, before, result }) =>
        result.translations.map((made) => {
          const own = masqueradeAddress(addresses, before.outInterface ?? "", via ?? before.destination);
          return wordsOf(ground, hook, before, made, pools, own);
        }),
      );
  });
}

function wordsOf(
  ground: Ground,
  hook: Hook,
  before: Packet,
  made: RuleTranslation,
  pools: readonly PoolSignal[],
  masqueraded: string | undefined,
): TranslationWords {
  const { rule, certainty, translation } = made;
  const side = translation.kind === "dnat" || translation.kind === "redirect" ? "destination" : "source";
  const port = side === "source" ? before.sourcePort : before.destinationPort;
  const pool = pools.find((one) => one.rule === rule.id);
  const given = givenBy(ground, hook, before, made);
  const addresses =
    given.addresses ??
    (translation.kind === "masquerade" && masqueraded !== undefined
      ? [{ first: masqueraded, last: masqueraded }]
      : undefined) ??
    pool?.ranges.map(({ first, last }) => ({ first, last })) ??
    [];
  const ports = port === undefined ? undefined : (given.ports ?? portsOf(side, port, pool, given.named));
  const random = translation.flags.some((flag) => RANDOM.has(flag));
  return {
    side,
    from: endWords(side === "source" ? before.source : before.destination, port, port !== undefined),
    to: `${addressWords(addresses, translation.kind)}${portWords(ports, port, random)}`,
    addresses,
    ...(ports === undefined ? {} : { ports }),
    certainty,
    rule: ruleWords(rule),
  };
}

/**
 * The address that masquerading takes: the interface's first in whose network the next hop is, else its first
 * (net/ipv4/devinet.c: inet_select_addr).
 */
function masqueradeAddress(
  addresses: readonly AddressSignal[],
  interfaceName: string,
  nextHop: string,
): string | undefined {
  const own = addresses.filter((one) => one.interface === interfaceName);
  const hop = parseIpv4(nextHop);
  const near = own.find(({ address, length }) => {
    const value = parseIpv4(address);
    return (
      value !== undefined &&
      hop !== undefined &&
      prefixContains({ address: network({ address: value, length }), length }, hop)
    );
  });
  return (near ?? own[0])?.address;
}

interface Given {
  readonly addresses?: readonly Range<string>[];
  readonly ports?: Range<number>;
  /** The rule says something of ports, whatever it is. */
  readonly named: boolean;
}

/** What the rule fixes, looked up for this packet. */
function givenBy(ground: Ground, hook: Hook, before: Packet, { translation, to }: RuleTranslation): Given {
  const context = { sets: ground.rules?.sets ?? new Map(), surroundings: ground.surroundings };
  const state = stateAt(before, hook);
  const address = translation.address === undefined ? undefined : evaluate(translation.address, state, context);
  const port = translation.port === undefined ? undefined : evaluate(translation.port, state, context);
  const [first, second] = address?.kind === "tuple" ? address.of : [address, port];
  const exact = to.address === undefined ? undefined : [{ first: to.address, last: to.address }];
  const addresses = exact ?? addressRange(first, state.family);
  const ports = numberRange(second);
  return {
    ...(addresses === undefined ? {} : { addresses }),
    ...(ports === undefined ? {} : { ports }),
    named: translation.port !== undefined || address?.kind === "tuple" || translation.address?.kind === "map",
  };
}

function addressRange(value: Value | undefined, family: "ip" | "ip6"): Range<string>[] | undefined {
  const text = (bits: bigint): string => formatAddress({ family, value: bits });
  if (value?.kind === "between") return [{ first: text(value.low), last: text(value.high) }];
  if (value?.kind === "number" && value.unknown === 0n) return [{ first: text(value.bits), last: text(value.bits) }];
  return undefined;
}

function numberRange(value: Value | undefined): Range<number> | undefined {
  if (value?.kind === "between") return { first: Number(value.low), last: Number(value.high) };
  if (value?.kind === "number" && value.unknown === 0n) return { first: Number(value.bits), last: Number(value.bits) };
  return undefined;
}

/** A destination keeps its port; a source gets one out of the pool's, or out of the kernel's own range. */
function portsOf(
  side: "source" | "destination",
  port: number,
  pool: PoolSignal | undefined,
  named: boolean,
): Range<number> {
  if (side === "destination") return { first: port, last: port };
  const ranges = pool?.ranges ?? [];
  if (named && ranges.length > 0) {
    return {
      first: Math.min(...ranges.map(({ ports }) => ports.first)),
      last: Math.max(...ranges.map(({ ports }) => ports.last)),
    };
  }
  const { first, last } = PORTS.find(({ below }) => port < below) ?? { first: 1024, last: 65_535 };
  return { first, last };
}

function addressWords(addresses: readonly Range<string>[], kind: string): string {
  if (addresses.length === 0) {
    return kind === "masquerade" ? "the address of the interface it leaves by" : "an address that cannot be foreseen";
  }
  const words = addresses.map(rangeWords).join(", ");
  return addresses.length === 1 && addresses[0]?.first === addresses[0]?.last ? words : `one of ${words}`;
}

function portWords(ports: Range<number> | undefined, port: number | undefined, random: boolean): string {
  if (ports === undefined || port === undefined) return "";
  if (ports.first === ports.last) return `, port ${ports.first}`;
  const range = `ports ${rangeWords(ports)}`;
  if (random) return `, one of ${range} at random`;
  if (port >= ports.first && port <= ports.last) return `, port ${port} if it is free there, else one of ${range}`;
  return `, one of ${range}`;
}

/** How a connection in the table is translated; `now`: what would be done with a new one like it. */
export function standingTranslations(flow: FlowSignal, now: readonly TranslationWords[]): TranslationWords[] {
  const { protocol, original, reply } = flow;
  const hasPorts = protocol !== 1 && protocol !== 58;
  const sides = [
    ["destination", original.destination, original.destinationPort, reply.source, reply.sourcePort],
    ["source", original.source, original.sourcePort, reply.destination, reply.destinationPort],
  ] as const;
  return sides.flatMap(([side, from, fromPort, to, toPort]) => {
    if (from === to && (!hasPorts || fromPort === toPort)) return [];
    const rule = now.find((one) => one.side === side && covers(one, to, hasPorts ? toPort : undefined))?.rule;
    return [
      {
        side,
        from: endWords(from, fromPort, hasPorts),
        to: endWords(to, toPort, hasPorts),
        addresses: [{ first: to, last: to }],
        ...(hasPorts ? { ports: { first: toPort, last: toPort } } : {}),
        certainty: "yes" as const,
        ...(rule === undefined ? {} : { rule }),
      },
    ];
  });
}

function covers({ addresses, ports }: TranslationWords, address: string, port: number | undefined): boolean {
  const number = (text: string): number => text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const fits = addresses.some(({ first, last }) => number(address) >= number(first) && number(address) <= number(last));
  return fits && (port === undefined || ports === undefined || (port >= ports.first && port <= ports.last));
}
