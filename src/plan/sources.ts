import type { Ipv4 } from "../address/ipv4.ts";
import { countAddresses, subtractRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import { countPorts, type PortRange } from "../address/port-range.ts";
import type { Gateway, ReachedBy, SourceNat } from "../config/gateway.ts";
import { withoutRepeats } from "./address-index.ts";
import { freePorts, type Listening } from "./free-ports.ts";
import type { PublicAddress, SourcePlan } from "./plan.ts";
import { allocateBlocks } from "./port-blocks.ts";

/** The ports the kernel itself would use for a source port of 1024 or above (nf_nat_core.c). */
export const DYNAMIC_PORTS: PortRange = { first: 1024, last: 65535 };

/** More addresses than this in one pool are refused: a larger one is a slip of the pen (10.0.0.0/8 for a pool). */
export const POOL_ADDRESSES_MAX = 65_536;

/** What a rule translates to, before listening ports are taken out; undefined for masquerade. */
export interface Target {
  readonly addresses: readonly Ipv4Range[];
  readonly ports: PortRange;
  readonly reachedBy: ReachedBy;
}

/** The addresses and ports the rule names; undefined for masquerade. */
export function targetOf(gateway: Gateway, rule: SourceNat): Target | undefined {
  const to = rule.to;
  if (to.kind === "masquerade") return undefined;
  if (to.kind === "address") {
    return { addresses: [{ first: to.address, last: to.address }], ports: DYNAMIC_PORTS, reachedBy: to.reachedBy };
  }
  return (
    gateway.pools.find((pool) => pool.name === to.pool) ?? { addresses: [], ports: DYNAMIC_PORTS, reachedBy: "address" }
  );
}

/** Plans every `source-nat` rule, in the order of the file. */
export function planSources(gateway: Gateway): SourcePlan[] {
  const own = gateway.links.flatMap((link) => link.addresses.map(({ address }) => address));
  // Packets to these ports never come to the translations: none may use one.
  const reserved = reservedPorts(gateway);
  const listening = [
    ...gateway.portForwards.map((forward) => forward.listen),
    ...own.flatMap((address) => reserved.map((ports) => ({ address, ports }))),
  ];
  return gateway.sourceNat.map((rule) => planSource(gateway, rule, listening));
}

function planSource(gateway: Gateway, rule: SourceNat, listening: readonly Listening[]): SourcePlan {
  const subscribers = subtractRanges(withoutRepeats(rule.from), rule.except);
  const selection = rule.ports.selection ?? "preserve";
  const plan = { rule, subscribers, subscriberCount: countAddresses(subscribers), selection };
  const target = targetOf(gateway, rule);
  if (target === undefined) {
    const ports = portsOfLink(gateway, rule.out, listening);
    const count = ports === undefined ? 0 : countPorts(ports);
    const masquerade = { ...plan, addresses: [], translationsPerDestination: count };
    // The kernel's own range begins lower.
    const isOwnRange = count === countPorts(DYNAMIC_PORTS) && reservedPorts(gateway).length === 0;
    return ports === undefined || isOwnRange ? masquerade : { ...masquerade, masqueradePorts: ports };
  }
  const { ports, reachedBy } = target;
  const addresses = listAddresses(withoutRepeats(target.addresses));
  const size = rule.ports.perSubscriber;
  if (size === undefined) {
    const shared = addresses.flatMap((address): PublicAddress[] => {
      const free = freePorts(ports, address, listening);
      return free === undefined ? [] : [{ address, ports: free }];
    });
    return { ...plan, reachedBy, addresses: shared, translationsPerDestination: sumPorts(shared) };
  }
  const blocks = allocateBlocks({ size, ports, addresses, subscribers, listening });
  const usable = addresses.length * blocks.blocksPerAddress - blocks.reserved.length;
  return {
    ...plan,
    reachedBy,
    addresses: addresses.map((address) => ({ address, ports })),
    blocks,
    translationsPerDestination: Math.min(usable, blocks.subscriberCount) * size,
  };
}

/** The ports masquerade may use, undefined if none is left: no forward listens on them on any address of the link. */
function portsOfLink(gateway: Gateway, out: string, listening: readonly Listening[]): PortRange | undefined {
  const own = gateway.links.find((link) => link.name === out)?.addresses.map((prefix) => prefix.address) ?? [];
  const merged = [
    ...listening.filter((l) => own.includes(l.address)).map(({ ports }) => ports),
    ...reservedPorts(gateway),
  ].map((ports) => ({ address: 0, ports }));
  return freePorts(DYNAMIC_PORTS, 0, merged);
}

function reservedPorts({ limits }: Gateway): PortRange[] {
  return (limits?.managementPorts ?? []).map((port) => ({ first: port, last: port }));
}

function listAddresses(ranges: readonly Ipv4Range[]): Ipv4[] {
  const addresses: Ipv4[] = [];
  for (const range of ranges) {
    const last = Math.min(range.last, range.first + POOL_ADDRESSES_MAX - addresses.length - 1);
    for (let address = range.first; address <= last; address++) addresses.push(address);
  }
  return addresses;
}

function sumPorts(addresses: readonly PublicAddress[]): number {
  return addresses.reduce((sum, { ports }) => sum + countPorts(ports), 0);
}
