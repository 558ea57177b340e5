import { parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { parseIpv4Range } from "../../address/ipv4-range.ts";
import { parsePortRange, type PortRange } from "../../address/port-range.ts";
import { surroundingsOf } from "../../apply/surroundings.ts";
import { readMemory } from "../../apply/situation.ts";
import type { ApplyRecord } from "../../apply/record.ts";
import type { Ruleset } from "../../diagnose/rules/ruleset.ts";
import type { Pattern } from "../../diagnose/rules/expression.ts";
import { between, wordPattern as namePattern } from "../../diagnose/rules/pattern.ts";
import type { GatewaySignal } from "../../diagnose/signals.ts";
import type { AddressSignal } from "../../diagnose/signals/network.ts";
import type { PoolSignal, ServiceSignal } from "../../diagnose/signals/translation.ts";
import { poolsOf } from "../../diagnose/translation/pools.ts";
import { forwardedPorts } from "../../diagnose/translation/services.ts";
import { listListeningSockets } from "../../kernel/listening-sockets.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import type { PortSupply } from "../flows/port-use.ts";

/** What is translated to where, by whoever's rules. */
export interface TranslationSignals {
  readonly pools: readonly PoolSignal[];
  readonly services: readonly ServiceSignal[];
  /** The gateway that was applied here, if one was. */
  readonly gateway?: GatewaySignal;
}

/** Reads pools and services out of the rules, and out of the record of what was applied where the rules are too long. */
export function readTranslation(
  namespace: NamespaceName,
  rules: Ruleset,
  addresses: readonly AddressSignal[],
): TranslationSignals {
  const record = readRecord(namespace);
  const whole = record === undefined ? rules : withRecordedSets(rules, record);
  return {
    pools: poolsOf(whole, addresses),
    services: [...listListeningSockets(namespace).map(serviceOf), ...forwardedPorts(whole)],
    ...(record === undefined ? {} : { gateway: { name: record.gateway, appliedAt: record.appliedAt } }),
  };
}

/** A pool has 65,536 addresses at most; of a larger range nobody fills the ports. */
const MOST_ADDRESSES = 65_536;
/** What the kernel takes if a rule names no ports: then another rule's ports for the address say more. */
const UNNAMED = { first: 1024, last: 65_535 };

/**
 * The ports of every public address of the pools; what overlaps becomes one. Of addresses that are not there, all ports
 * may be used that the kernel takes by itself.
 */
export function suppliesOf(pools: readonly PoolSignal[]): PortSupply[] {
  const supplies: PortSupply[] = [];
  const byAddress = new Map<Ipv4, PortSupply[]>();
  for (const supply of pools.flatMap(suppliesOfPool).slice(0, MOST_ADDRESSES)) {
    const known = byAddress.get(supply.address) ?? [];
    const others = known.filter((other) => overlap(other, supply));
    if (others.length > 0 && supply.blockSize !== undefined) continue;
    const merged = others.reduce<PortSupply>(
      (sum, other) =>
        other.blockSize !== undefined
          ? sum
          : { ...sum, first: Math.min(sum.first, other.first), last: Math.max(sum.last, other.last) },
      supply,
    );
    byAddress.set(supply.address, [...known.filter((other) => !others.includes(other)), merged]);
  }
  for (const list of byAddress.values()) supplies.push(...list);
  return supplies;
}

function suppliesOfPool({ ranges, blockSize, protocols }: PoolSignal): PortSupply[] {
  return ranges.flatMap(({ first, last, ports }) => {
    const [low, high] = [parseIpv4(first), parseIpv4(last)];
    if (low === undefined || high === undefined || (blockSize === undefined && isUnnamed(ports))) return [];
    return Array.from({ length: Math.min(MOST_ADDRESSES, high - low + 1) }, (_, i) => ({
      address: low + i,
      ...ports,
      ...(protocols === undefined ? {} : { protocols }),
      ...(blockSize === undefined ? {} : { blockSize }),
    }));
  });
}

function overlap(one: PortSupply, other: PortSupply): boolean {
  const { protocols } = other;
  if (one.first > other.last || other.first > one.last) return false;
  return one.protocols === undefined || protocols === undefined || one.protocols.some((p) => protocols.includes(p));
}

function isUnnamed({ first, last }: PortRange): boolean {
  return first === UNNAMED.first && last === UNNAMED.last;
}

function serviceOf({ protocol, port, address }: ReturnType<typeof listListeningSockets>[number]): ServiceSignal {
  return {
    protocol,
    first: port,
    last: port,
    ...(address === undefined ? {} : { address: { first: address, last: address } }),
  };
}

function readRecord(namespace: NamespaceName): ApplyRecord | undefined {
  try {
    const { live, store } = surroundingsOf({ namespace });
    return readMemory(live, store).record;
  } catch {
    // Not readable by this user: then the rules alone say what there is.
    return undefined;
  }
}

/** Sets and maps of our table whose elements were too many to be read from the kernel, as they were sent to it. */
export function withRecordedSets(rules: Ruleset, { rules: recorded }: Pick<ApplyRecord, "rules">): Ruleset {
  if (recorded === undefined) return rules;
  const { family, table, sets } = recorded.ruleset;
  const found = new Map(rules.sets);
  for (const { name, elements, data } of sets) {
    const id = `${family}/${table}/${name}`;
    const known = found.get(id);
    if (known === undefined || known.elements !== undefined || data === undefined) continue;
    found.set(id, { ...known, elements: elements.map(recordedMember) });
  }
  return { ...rules, sets: found };
}

/** `10.0.0.1 : 61.138.177.3 . 1024-1151`, as the record has it. */
function recordedMember(text: string): { key: Pattern; data?: { kind: "literal"; pattern: Pattern } } {
  const [key = "", data] = text.split(" : ");
  return {
    key: tuplePattern(key),
    ...(data === undefined ? {} : { data: { kind: "literal", pattern: tuplePattern(data) } }),
  };
}

function tuplePattern(text: string): Pattern {
  const parts = text.split(" . ").map(wordPattern);
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "tuple", of: parts };
}

function wordPattern(text: string): Pattern {
  const range = text.includes(".") ? parseIpv4Range(text) : parsePortRange(text);
  return range === undefined ? namePattern("protocol", text) : between(range.first, range.last);
}
