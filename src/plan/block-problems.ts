import { countPorts } from "../address/port-range.ts";
import type { Gateway } from "../config/gateway.ts";
import type { FilePath } from "../config/problem.ts";
import { formatCount, formatNoun, formatShare } from "./figures.ts";
import type { PortBlocks, SourcePlan } from "./plan.ts";
import { blockCapacity, blockCount, capacityWith, type BlockRequest } from "./port-blocks.ts";
import { refusalWhenFilled } from "./port-refusal.ts";
import { SEARCHED_WHOLE } from "./port-search.ts";
import { planProblem, type PlanProblem } from "./problem.ts";
import { targetOf } from "./sources.ts";

/** Ports below which one program of a subscriber can use its block up. */
export const SMALL_BLOCK = 64;

/** What is wrong or unwise with the port blocks of a rule. */
export function* blockProblems(
  gateway: Gateway,
  source: SourcePlan,
  blocks: PortBlocks,
  i: number,
  addressPath: FilePath,
): Generator<PlanProblem> {
  const { rule, subscriberCount } = source;
  const path: FilePath = ["source-nat", i, "ports", "per-subscriber"];
  const request = requestOf(gateway, source, blocks);
  const capacity = blockCapacity(blocks);
  if (subscriberCount > blockCount(blocks)) {
    yield planProblem("pool-too-small", "error", path, tooSmall(source, blocks), largerPool(request, subscriberCount));
  } else if (subscriberCount > capacity) {
    yield* forwardsWithoutSpare(gateway, source, request);
  } else if (subscriberCount === capacity) {
    yield planProblem(
      "no-spare-blocks",
      "warning",
      path,
      `All ${formatCount(capacity)} port blocks of rule ${rule.name} are given away: no subscriber can be added, and no port forward on these addresses.`,
      "Append an address to the pool: it moves nobody but those who have a spare block.",
    );
  }
  if (blocks.size < SMALL_BLOCK) {
    yield planProblem(
      "blocks-small",
      "warning",
      path,
      `${formatNoun(blocks.size, "port")} for each subscriber of rule ${rule.name} are few: a browser behind a proxy, or a busy program, can open more connections than that to one server.`,
      roomForLarger(request, subscriberCount),
    );
  }
  if (blocks.size > SEARCHED_WHOLE) {
    const fill = firstRefusal(blocks.size);
    yield planProblem(
      "block-search",
      "warning",
      path,
      `The kernel does not search a block of ${formatCount(blocks.size)} ports to the end: towards one destination the first of ${formatCount(FEW)} new connections is refused when about ${formatShare(fill / blocks.size)} of a block of rule ${rule.name} are in use.`,
      `Blocks of ${SEARCHED_WHOLE} ports are used to the last one; a port serves each destination once, so they are far more than ${SEARCHED_WHOLE} connections.`,
    );
  }
  const idle = idleAddresses(blocks);
  if (idle > 0 && idle * 2 >= blocks.addresses.length) {
    yield planProblem(
      "addresses-idle",
      "warning",
      addressPath,
      `${formatCount(idle)} of the ${formatCount(blocks.addresses.length)} addresses of rule ${rule.name} have no subscriber.`,
      useForIdle(blocks.size, largestBlock(request, subscriberCount)),
    );
  }
}

/** Connections of which one refused is felt. */
const FEW = 100;

/** How many ports of a block may be in use before that many new connections to one destination meet a refusal. */
function firstRefusal(size: number): number {
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (refusalWhenFilled(middle, size) * FEW >= 1) high = middle;
    else low = middle;
  }
  return high;
}

function requestOf(gateway: Gateway, source: SourcePlan, blocks: PortBlocks): BlockRequest {
  const { size, addresses, subscribers, firstPort } = blocks;
  const ports = targetOf(gateway, source.rule)?.ports ?? { first: firstPort, last: firstPort };
  return { size, ports, addresses, subscribers, listening: gateway.portForwards.map(({ listen }) => listen) };
}

function tooSmall(source: SourcePlan, blocks: PortBlocks): string {
  const listening =
    blocks.reserved.length === 0 ? "" : `, ${formatCount(blocks.reserved.length)} of them with listening ports`;
  return (
    `${formatCount(source.subscriberCount)} subscribers need as many port blocks, but rule ${source.rule.name} has ` +
    `${formatCount(blockCount(blocks))}: ${formatNoun(blocks.addresses.length, "address", "addresses")} x ` +
    `${formatCount(blocks.blocksPerAddress)} blocks of ${formatCount(blocks.size)} ports${listening}.`
  );
}

/** Names the forwards for which no spare is left, counted in the order of the file. */
function* forwardsWithoutSpare(gateway: Gateway, source: SourcePlan, request: BlockRequest): Generator<PlanProblem> {
  let before = capacityWith({ ...request, listening: [] }, request.size);
  for (const [j, forward] of gateway.portForwards.entries()) {
    const after = capacityWith({ ...request, listening: request.listening.slice(0, j + 1) }, request.size);
    if (after < before && after < source.subscriberCount) {
      yield planProblem(
        "forward-without-spare",
        "error",
        ["port-forwards", j, "listen"],
        `Port forward ${forward.name} listens in a port block of rule ${source.rule.name}, and no spare block is left for its subscriber: ${formatCount(source.subscriberCount)} subscribers, ${formatNoun(after, "block")} without listening ports.`,
        `Listen on an address or port that the rule does not deal out. Or: ${largerPool(request, source.subscriberCount)}`,
      );
    }
    before = after;
  }
}

function largerPool(request: BlockRequest, subscribers: number): string {
  const size = largestBlock(request, subscribers);
  const addresses = `the pool ${formatNoun(addressesFor(request, subscribers, request.size), "address", "addresses")} in place of ${formatCount(request.addresses.length)}`;
  if (size === 0) return `Give ${addresses}.`;
  if (size < SMALL_BLOCK)
    return `Give ${addresses}, or use blocks of at most ${formatNoun(size, "port")} (which is few).`;
  return `Use blocks of at most ${formatNoun(size, "port")}, or give ${addresses}.`;
}

function roomForLarger(request: BlockRequest, subscribers: number): string {
  const size = largestBlock(request, subscribers);
  if (size >= SMALL_BLOCK) return `Give each ${SMALL_BLOCK} ports or more; up to ${formatCount(size)} fit this pool.`;
  const addresses = addressesFor(request, subscribers, SMALL_BLOCK);
  return `Give each ${SMALL_BLOCK} ports or more; that takes a pool of ${formatNoun(addresses, "address", "addresses")}.`;
}

/** Addresses the pool needs for as many blocks of the size; listening ports are on those it has. */
function addressesFor(request: BlockRequest, subscribers: number, size: number): number {
  const perAddress = Math.floor(countPorts(request.ports) / size);
  const reserved = request.addresses.length * perAddress - capacityWith(request, size);
  return Math.ceil((subscribers + reserved) / Math.max(1, perAddress));
}

/** The largest block with which the pool has one for each subscriber, listening ports considered; 0 if there is none. */
export function largestBlock(request: BlockRequest, subscribers: number): number {
  const ports = countPorts(request.ports);
  if (request.addresses.length === 0 || subscribers === 0) return 0;
  let perAddress = Math.ceil(subscribers / request.addresses.length);
  while (perAddress <= ports) {
    const size = Math.floor(ports / perAddress);
    if (capacityWith(request, size) >= subscribers) return size;
    perAddress = Math.floor(ports / size) + 1;
  }
  return 0;
}

function useForIdle(size: number, largest: number): string {
  if (largest <= SEARCHED_WHOLE) {
    return `Blocks of ${formatCount(largest)} ports would use them all, and serve each subscriber better.`;
  }
  if (size >= SEARCHED_WHOLE) return "Fewer addresses will do: larger blocks would not be searched to the end.";
  return `Blocks of ${SEARCHED_WHOLE} ports would use more of them, and serve each subscriber better.`;
}

function idleAddresses(blocks: PortBlocks): number {
  if (blocks.blocksPerAddress === 0) return 0;
  const rows = Math.min(blocks.addresses.length, Math.ceil(blocks.subscriberCount / blocks.blocksPerAddress));
  const spares = new Set(blocks.displaced.map(([, block]) => Math.floor(block / blocks.blocksPerAddress)));
  return blocks.addresses.length - rows - [...spares].filter((row) => row >= rows).length;
}
