import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";
import { countPorts, type PortRange } from "../address/port-range.ts";
import { indexAddresses, lastNotAbove, withoutRepeats, type AddressIndex } from "./address-index.ts";
import type { PortBlocks, PublicAddress } from "./plan.ts";

/** What an allocation of port blocks starts from. */
export interface BlockRequest {
  /** Ports in a block. */
  readonly size: number;
  /** Ports of each address that blocks are cut from; what is left over at the end stays unused. */
  readonly ports: PortRange;
  readonly addresses: readonly Ipv4[];
  /** In the order that decides the block; an address named twice counts where it comes first. */
  readonly subscribers: readonly Ipv4Range[];
  /** Listening ports in the order of the file. */
  readonly listening: readonly { readonly address: Ipv4; readonly ports: PortRange }[];
}

/**
 * Gives each subscriber its block. Listening ports are taken one by one, in the order of the file: the block
 * one lies in goes to nobody, and a spare, counted from the end of the grid, stands in for it. Each step
 * depends only on the steps before it and on the size of the grid, so appending a subscriber or a listening
 * port moves nobody but the one whose block it takes. Appending an address moves the end of the grid, and
 * with it only the subscribers that have a spare.
 */
export function allocateBlocks(request: BlockRequest): PortBlocks {
  const { size, ports, addresses } = request;
  const subscribers = withoutRepeats(request.subscribers);
  const subscriberCount = subscribers.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  const blocksPerAddress = Math.floor(countPorts(ports) / size);
  const grid = { size, firstPort: ports.first, blocksPerAddress, addresses, subscribers, subscriberCount };
  const spares = assignSpares(addresses.length * blocksPerAddress, listeningBlocks(request, blocksPerAddress));
  return {
    ...grid,
    displaced: [...spares.standIn].filter(([block]) => block < subscriberCount).sort((a, b) => a[0] - b[0]),
    reserved: [...spares.reserved].sort((a, b) => a - b),
  };
}

/** How many subscribers a grid could serve if its blocks had another size. */
export function capacityWith(request: BlockRequest, size: number): number {
  const blocksPerAddress = Math.floor(countPorts(request.ports) / size);
  const reserved = new Set(listeningBlocks({ ...request, size }, blocksPerAddress));
  return request.addresses.length * blocksPerAddress - reserved.size;
}

/** The blocks in which a listening port lies, in the order of the ports. */
function* listeningBlocks(request: BlockRequest, blocksPerAddress: number): Generator<number> {
  const row = new Map(request.addresses.map((address, i) => [address, i]));
  for (const { address, ports } of request.listening) {
    const index = row.get(address);
    if (index === undefined) continue;
    const first = Math.max(0, Math.floor((ports.first - request.ports.first) / request.size));
    const last = Math.min(blocksPerAddress - 1, Math.floor((ports.last - request.ports.first) / request.size));
    for (let block = first; block <= last; block++) yield index * blocksPerAddress + block;
  }
}

interface Spares {
  readonly reserved: ReadonlySet<number>;
  /** By reserved block: the block that stands in for it. */
  readonly standIn: ReadonlyMap<number, number>;
}

/**
 * From `end` on every block is reserved or a stand-in, and each reserved block before `end` has a stand-in:
 * so `end` is the number of blocks less the reserved ones, and nothing is wasted.
 */
function assignSpares(total: number, listening: Iterable<number>): Spares {
  const reserved = new Set<number>();
  const standIn = new Map<number, number>();
  const standsFor = new Map<number, number>();
  let end = total;
  const giveSpare = (block: number): void => {
    while (end > 0) {
      end--;
      // A reserved block that the spares reach can be no subscriber's any more: its stand-in is free again.
      const spare = reserved.has(end) ? standIn.get(end) : end;
      standIn.delete(end);
      if (end === block) return;
      if (spare === undefined) continue;
      standIn.set(block, spare);
      standsFor.set(spare, block);
      return;
    }
  };
  for (const block of listening) {
    if (reserved.has(block)) continue;
    reserved.add(block);
    const owner = standsFor.get(block);
    standsFor.delete(block);
    if (owner !== undefined) giveSpare(owner);
    else if (block < end) giveSpare(block);
  }
  return { reserved, standIn };
}

/** How many blocks the grid has, reserved ones included. */
export function blockCount(blocks: PortBlocks): number {
  return blocks.addresses.length * blocks.blocksPerAddress;
}

/** How many subscribers the grid can serve. */
export function blockCapacity(blocks: PortBlocks): number {
  return blockCount(blocks) - blocks.reserved.length;
}

/** The address and ports of a block; throws RangeError for a block the grid does not have. */
export function blockRange(blocks: PortBlocks, block: number): PublicAddress {
  const address = blocks.addresses[Math.floor(block / blocks.blocksPerAddress)];
  if (address === undefined) throw new RangeError(`no block ${block} in a grid of ${blockCount(blocks)}`);
  const first = blocks.firstPort + (block % blocks.blocksPerAddress) * blocks.size;
  return { address, ports: { first, last: first + blocks.size - 1 } };
}

/** The block that holds the port of the address, or undefined: another address, or a port outside the grid. */
export function blockAt(blocks: PortBlocks, address: Ipv4, port: number): number | undefined {
  const column = Math.floor((port - blocks.firstPort) / blocks.size);
  if (column < 0 || column >= blocks.blocksPerAddress) return undefined;
  const row = indexOf(blocks).rows.get(address);
  return row === undefined ? undefined : row * blocks.blocksPerAddress + column;
}

/** The block of the subscriber at `index`, or undefined if there is no such subscriber or no block left for it. */
export function blockOfSubscriber(blocks: PortBlocks, index: number): number | undefined {
  if (!(index >= 0 && index < Math.min(blocks.subscriberCount, blockCapacity(blocks)))) return undefined;
  return indexOf(blocks).standIn.get(index) ?? index;
}

/** The index of the subscriber that has the block, or undefined: reserved, or still free. */
export function subscriberOfBlock(blocks: PortBlocks, block: number): number | undefined {
  const index = indexOf(blocks);
  const displaced = index.standsFor.get(block);
  if (displaced !== undefined) return displaced;
  return index.standIn.has(block) || blockOfSubscriber(blocks, block) !== block ? undefined : block;
}

/** Says whether a listening port lies in the block, so that nobody has it. */
export function isReserved(blocks: PortBlocks, block: number): boolean {
  return blocks.reserved[lastNotAbove(blocks.reserved, block)] === block;
}

/** The subscriber whose block holds the port of the public address, or undefined. */
export function subscriberAt(blocks: PortBlocks, address: Ipv4, port: number): Ipv4 | undefined {
  const block = blockAt(blocks, address, port);
  const subscriber = block === undefined ? undefined : subscriberOfBlock(blocks, block);
  return subscriber === undefined ? undefined : indexOf(blocks).subscribers.at(subscriber);
}

/** The public address and ports of a subscriber, or undefined if it has none here. */
export function mappingOf(blocks: PortBlocks, subscriber: Ipv4): PublicAddress | undefined {
  const index = indexOf(blocks).subscribers.indexOf(subscriber);
  const block = index === undefined ? undefined : blockOfSubscriber(blocks, index);
  return block === undefined ? undefined : blockRange(blocks, block);
}

/** Calls `visit` for each subscriber in order, with its public address and its first and last port. */
export function forEachMapping(
  blocks: PortBlocks,
  visit: (subscriber: Ipv4, address: Ipv4, firstPort: number, lastPort: number) => void,
): void {
  const { standIn } = indexOf(blocks);
  const count = Math.min(blocks.subscriberCount, blockCapacity(blocks));
  let i = 0;
  for (const range of blocks.subscribers) {
    for (let subscriber = range.first; subscriber <= range.last && i < count; subscriber++, i++) {
      const { address, ports } = blockRange(blocks, standIn.get(i) ?? i);
      visit(subscriber, address, ports.first, ports.last);
    }
  }
}

interface BlockIndex {
  readonly subscribers: AddressIndex;
  readonly rows: ReadonlyMap<Ipv4, number>;
  readonly standIn: ReadonlyMap<number, number>;
  readonly standsFor: ReadonlyMap<number, number>;
}

// A plan is plain data that may have come back from JSON; what makes look-ups fast is derived once per grid.
const INDEXES = new WeakMap<PortBlocks, BlockIndex>();

function indexOf(blocks: PortBlocks): BlockIndex {
  let index = INDEXES.get(blocks);
  if (index === undefined) {
    index = {
      subscribers: indexAddresses(blocks.subscribers),
      rows: new Map(blocks.addresses.map((address, row) => [address, row])),
      standIn: new Map(blocks.displaced),
      standsFor: new Map(blocks.displaced.map(([subscriber, block]) => [block, subscriber])),
    };
    INDEXES.set(blocks, index);
  }
  return index;
}
