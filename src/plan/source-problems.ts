import { countAddresses, mergeRanges } from "../address/ipv4-range.ts";
import { countPorts, formatPortRange, portRangesOverlap } from "../address/port-range.ts";
import type { FilePath } from "../config/problem.ts";
import type { Gateway } from "../config/gateway.ts";
import { formatCount, formatNoun } from "./figures.ts";
import { countCommon } from "./neighbours.ts";
import type { PortBlocks, SourcePlan } from "./plan.ts";
import { blockCapacity, blockCount, blockRange, capacityWith } from "./port-blocks.ts";
import { planProblem, type PlanProblem } from "./problem.ts";
import { POOL_ADDRESSES_MAX, targetOf } from "./sources.ts";

/** Ports below which one program of a subscriber can use its block up. */
export const SMALL_BLOCK = 64;

/** Subscribers for one shared address above which each has fewer than 64 ports (RFC 6888 asks for room). */
export const SUBSCRIBERS_PER_ADDRESS_MAX = 1000;

/** What is wrong or unwise with the addresses, ports and blocks of each rule. */
export function sourceProblems(gateway: Gateway, sources: readonly SourcePlan[]): PlanProblem[] {
  return [
    ...sources.flatMap((source, i) => [
      ...poolSize(gateway, source, i),
      ...(source.blocks === undefined
        ? sharedProblems(gateway, source, i)
        : blockProblems(gateway, source, source.blocks, i)),
    ]),
    ...countedTwice(sources),
  ];
}

function toPath(gateway: Gateway, source: SourcePlan, i: number): FilePath {
  const to = source.rule.to;
  return to.kind === "pool" && gateway.pools.some(({ name }) => name === to.pool)
    ? ["pools", to.pool, "addresses"]
    : ["source-nat", i, "to"];
}

function* poolSize(gateway: Gateway, source: SourcePlan, i: number): Generator<PlanProblem> {
  const count = countAddresses(targetOf(gateway, source.rule)?.addresses ?? []);
  if (count <= POOL_ADDRESSES_MAX) return;
  yield planProblem(
    "pool-too-large",
    "error",
    toPath(gateway, source, i),
    `The pool of rule ${source.rule.name} has ${formatCount(count)} addresses; a plan goes up to ${formatCount(POOL_ADDRESSES_MAX)}.`,
    "Name only the public addresses that are yours to translate to.",
  );
}

function* sharedProblems(gateway: Gateway, source: SourcePlan, i: number): Generator<PlanProblem> {
  const { rule } = source;
  const named = countAddresses(targetOf(gateway, rule)?.addresses ?? []);
  const without = Math.min(named, POOL_ADDRESSES_MAX) - source.addresses.length;
  if (rule.to.kind !== "masquerade" && source.addresses.length === 0) {
    yield planProblem(
      "pool-without-ports",
      "error",
      toPath(gateway, source, i),
      `Rule ${rule.name} has no port left: port forwards listen on all of them.`,
      "Let the port forwards listen on fewer ports, or give the rule an address of its own.",
    );
    return;
  }
  if (rule.to.kind !== "masquerade" && without > 0) {
    yield planProblem(
      "address-without-ports",
      "warning",
      toPath(gateway, source, i),
      `Port forwards take every port of ${formatNoun(without, "address", "addresses")} of rule ${rule.name}; ${formatCount(source.addresses.length)} are left for source NAT.`,
      "Take those addresses out of the pool: then the file says what happens.",
    );
  }
  const subscribers = source.subscriberCount;
  if (subscribers > source.translationsPerDestination) {
    const ports = Math.max(1, Math.floor(source.translationsPerDestination / Math.max(1, source.addresses.length)));
    yield planProblem(
      "pool-cannot-serve",
      "error",
      toPath(gateway, source, i),
      `${formatCount(subscribers)} subscribers share ${formatCount(source.translationsPerDestination)} ports: not even one each towards the same server.`,
      `Give the pool at least ${formatNoun(Math.ceil(subscribers / ports), "address", "addresses")}, or translate fewer subscribers.`,
    );
    return;
  }
  const addresses = Math.max(1, source.addresses.length);
  const each = Math.round(subscribers / addresses);
  if (each > SUBSCRIBERS_PER_ADDRESS_MAX) {
    yield planProblem(
      "subscribers-per-address",
      "warning",
      toPath(gateway, source, i),
      `${formatCount(each)} subscribers share each public address: about ${formatCount(Math.floor(source.translationsPerDestination / subscribers))} ports for each towards the same server.`,
      `Give the pool ${formatNoun(Math.ceil(subscribers / SUBSCRIBERS_PER_ADDRESS_MAX), "address", "addresses")} or more: ${formatCount(SUBSCRIBERS_PER_ADDRESS_MAX)} subscribers for each at most.`,
    );
  }
}

function* blockProblems(gateway: Gateway, source: SourcePlan, blocks: PortBlocks, i: number): Generator<PlanProblem> {
  const { rule, subscriberCount } = source;
  const sizePath: FilePath = ["source-nat", i, "ports", "per-subscriber"];
  const total = blockCount(blocks);
  const capacity = blockCapacity(blocks);
  if (subscriberCount > total) {
    yield planProblem(
      "pool-too-small",
      "error",
      sizePath,
      tooSmall(source, blocks),
      largerPool(gateway, source, blocks),
    );
  } else if (subscriberCount > capacity) {
    for (const [j, name] of forwardsInBlocks(gateway, blocks)) {
      yield planProblem(
        "forward-without-spare",
        "error",
        ["port-forwards", j, "listen"],
        `Port forward ${name} listens in a subscriber's port block, and all ${formatCount(total)} blocks of rule ${rule.name} are given away: ${formatCount(subscriberCount)} subscribers, ${formatNoun(blocks.reserved.length, "block")} with listening ports.`,
        `Listen on an address or port that rule ${rule.name} does not deal out. Or: ${largerPool(gateway, source, blocks)}`,
      );
    }
  } else if (subscriberCount === capacity) {
    yield planProblem(
      "no-spare-blocks",
      "warning",
      sizePath,
      `All ${formatCount(capacity)} port blocks of rule ${rule.name} are given away: no subscriber can be added, and no port forward on these addresses.`,
      "Append an address to the pool: nobody but displaced subscribers moves.",
    );
  }
  if (blocks.size < SMALL_BLOCK) {
    yield planProblem(
      "blocks-small",
      "warning",
      sizePath,
      `${formatCount(blocks.size)} ports for each subscriber are few: a browser, or a program behind one proxy or resolver, can open more connections than that to one server.`,
      `Give each at least ${SMALL_BLOCK} ports; ${formatCount(largestBlock(gateway, source, blocks))} would fit this pool.`,
    );
  }
  const idle = idleAddresses(blocks);
  if (idle * 2 >= blocks.addresses.length && idle > 0) {
    yield planProblem(
      "addresses-idle",
      "warning",
      toPath(gateway, source, i),
      `${formatCount(idle)} of the ${formatCount(blocks.addresses.length)} addresses of rule ${rule.name} have no subscriber.`,
      `Blocks of ${formatCount(largestBlock(gateway, source, blocks))} ports would use them all, and serve each subscriber better.`,
    );
  }
}

function tooSmall(source: SourcePlan, blocks: PortBlocks): string {
  const reserved =
    blocks.reserved.length === 0 ? "" : `, ${formatCount(blocks.reserved.length)} of them with listening ports`;
  return (
    `${formatCount(source.subscriberCount)} subscribers need as many port blocks, but rule ${source.rule.name} has ` +
    `${formatCount(blockCount(blocks))}: ${formatNoun(blocks.addresses.length, "address", "addresses")} x ` +
    `${formatCount(blocks.blocksPerAddress)} blocks of ${formatCount(blocks.size)} ports${reserved}.`
  );
}

function largerPool(gateway: Gateway, source: SourcePlan, blocks: PortBlocks): string {
  const needed = Math.ceil((source.subscriberCount + blocks.reserved.length) / Math.max(1, blocks.blocksPerAddress));
  const size = largestBlock(gateway, source, blocks);
  const smaller = size > 0 ? `Use blocks of at most ${formatNoun(size, "port")}, or give` : "Give";
  const ports = targetOf(gateway, source.rule)?.ports;
  const range = ports === undefined ? "" : ` (ports ${formatPortRange(ports)})`;
  return `${smaller} the pool ${formatNoun(needed, "address", "addresses")}${range} in place of ${formatCount(blocks.addresses.length)}.`;
}

/** The largest block with which the pool has one for each subscriber, listening ports considered; 0 if there is none. */
export function largestBlock(gateway: Gateway, source: SourcePlan, blocks: PortBlocks): number {
  const ports = targetOf(gateway, source.rule)?.ports;
  if (ports === undefined || blocks.addresses.length === 0 || source.subscriberCount === 0) return 0;
  const { addresses, subscribers, size } = blocks;
  const request = { size, ports, addresses, subscribers, listening: gateway.portForwards.map(({ listen }) => listen) };
  let perAddress = Math.ceil(source.subscriberCount / addresses.length);
  while (perAddress <= countPorts(ports)) {
    const largest = Math.floor(countPorts(ports) / perAddress);
    if (capacityWith(request, largest) >= source.subscriberCount) return largest;
    perAddress = Math.floor(countPorts(ports) / largest) + 1;
  }
  return 0;
}

function idleAddresses(blocks: PortBlocks): number {
  const used = new Set<number>();
  const rows = Math.min(
    blocks.addresses.length,
    Math.ceil(blocks.subscriberCount / Math.max(1, blocks.blocksPerAddress)),
  );
  for (const [, block] of blocks.displaced) used.add(Math.floor(block / blocks.blocksPerAddress));
  const beyond = [...used].filter((row) => row >= rows).length;
  return blocks.addresses.length - rows - beyond;
}

/** The port forwards that take a block of the grid, with their place in the file. */
function* forwardsInBlocks(gateway: Gateway, blocks: PortBlocks): Generator<[index: number, name: string]> {
  for (const [j, forward] of gateway.portForwards.entries()) {
    const { address, ports } = forward.listen;
    if (!blocks.addresses.includes(address)) continue;
    const first = blockRange(blocks, blocks.addresses.indexOf(address) * blocks.blocksPerAddress);
    const last = first.ports.first + blocks.blocksPerAddress * blocks.size - 1;
    if (portRangesOverlap(ports, { first: first.ports.first, last })) yield [j, forward.name];
  }
}

function* countedTwice(sources: readonly SourcePlan[]): Generator<PlanProblem> {
  for (const [i, source] of sources.entries()) {
    const own = mergeRanges(source.subscribers);
    for (const earlier of sources.slice(0, i)) {
      if (earlier.rule.out !== source.rule.out) continue;
      const common = countCommon(own, mergeRanges(earlier.subscribers));
      if (common === 0 || common === countAddresses(own)) continue;
      const blocks = source.blocks === undefined ? "" : "; their port blocks here are never used";
      yield planProblem(
        "subscribers-counted-twice",
        "warning",
        ["source-nat", i, "from"],
        `Rule ${earlier.rule.name} comes first and takes ${formatCount(common)} of the ${formatCount(source.subscriberCount)} sources of rule ${source.rule.name}${blocks}.`,
        `Name each source in one rule only, or put rule ${source.rule.name} before ${earlier.rule.name}.`,
      );
    }
  }
}
