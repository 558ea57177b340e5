import { LiveFrames } from "../../kernel/bpf/live-frames.ts";
import { BpfObject, objectPath } from "../../kernel/bpf/object.ts";
import { attachXdp, type XdpAttachment } from "../../kernel/bpf/xdp.ts";
import type { ConnectionSet } from "./connection.ts";
import type { AddressUse, Engine, EngineCounts, EngineSetup, PublicAddressUse, SubscriberMapping } from "./engine.ts";
import { FRAME_LENGTH } from "./frame.ts";

/** enum counter in bpf/generator.bpf.c. */
const COUNTER = { frames: 0, delivered: 1, answered: 2, acknowledged: 3, strays: 4, moved: 5 } as const;

const CONFIG_BYTES = 52;
/** Connections that share a struct marks, and its bytes. */
export const CONNECTIONS_PER_MARK = 64;
const MARK_BYTES = 24;

/** Makes the connections in the kernel, by the XDP programs of bpf/generator.bpf.c. */
export class XdpEngine implements Engine {
  readonly #object: BpfObject;
  readonly #set: ConnectionSet;
  readonly #record: boolean;
  readonly #attached: readonly XdpAttachment[];
  readonly #frames: LiveFrames;

  private constructor(setup: EngineSetup, object: BpfObject, attached: readonly XdpAttachment[], frames: LiveFrames) {
    this.#set = setup.set;
    this.#record = setup.record;
    this.#object = object;
    this.#attached = attached;
    this.#frames = frames;
  }

  /** Loads and attaches the programs; throws KernelError if this machine cannot, and leaves nothing behind then. */
  static async start(setup: EngineSetup): Promise<XdpEngine> {
    const { inside, outside } = setup;
    const object = loadGenerator(setup);
    const attached: XdpAttachment[] = [];
    try {
      attached.push(attachXdp(outside.namespace, outside.interface, object.program("respond")));
      attached.push(attachXdp(inside.namespace, inside.interface, object.program("collect")));
      const frame = new Uint8Array(FRAME_LENGTH);
      const frames = await LiveFrames.start(inside.namespace, object.program("generate"), frame);
      return new XdpEngine(setup, object, attached, frames);
    } catch (error) {
      release(object, attached);
      throw error;
    }
  }

  beginRound(onlyIncomplete: boolean): void {
    this.#object.map("rounds").updateAt(0, bytesOf(BigUint64Array.of(0n, onlyIncomplete ? 1n : 0n)));
  }

  async advance(count: number): Promise<number> {
    // Ended early or not: the program has counted.
    await this.#frames.run(count);
    const round = this.#object.map("rounds").lookupAt(0);
    return Math.min(this.#set.connections, round === undefined ? 0 : Number(words64(round)[0]));
  }

  /** Sends the packets of connections that were made before once more, and counts them anew: `first` and `count` are multiples of 64. */
  async repeat(first: number, count: number): Promise<void> {
    const marks = this.#object.map("marks");
    for (let at = first; at < first + count; at += CONNECTIONS_PER_MARK) {
      marks.updateAt(at / CONNECTIONS_PER_MARK, new Uint8Array(MARK_BYTES));
    }
    this.#object.map("rounds").updateAt(0, bytesOf(BigUint64Array.of(BigInt(first), 0n)));
    await this.#frames.run(count);
  }

  counts(): EngineCounts {
    const counters = this.#object.map("counters");
    return {
      frames: counters.sumAt(COUNTER.frames),
      delivered: counters.sumAt(COUNTER.delivered),
      answered: counters.sumAt(COUNTER.answered),
      acknowledged: counters.sumAt(COUNTER.acknowledged),
      strays: counters.sumAt(COUNTER.strays),
      moved: counters.sumAt(COUNTER.moved),
    };
  }

  addressUse(): AddressUse {
    return { publicAddresses: this.#publicAddresses(), mappings: this.#mappings() };
  }

  #publicAddresses(): PublicAddressUse[] {
    const map = this.#object.map("public_addresses");
    const uses: PublicAddressUse[] = [];
    for (const key of map.keys()) {
      const value = map.lookup(key);
      if (value === undefined) continue;
      const [connections = 0n, ports = 0n] = words64(value);
      uses.push({
        address: new Uint32Array(key.buffer, key.byteOffset, 1)[0] ?? 0,
        connections: Number(connections),
        ports: unpackPorts(ports),
      });
    }
    return uses.toSorted((a, b) => a.address - b.address);
  }

  #mappings(): SubscriberMapping[] {
    if (!this.#record) return [];
    const mappings: SubscriberMapping[] = [];
    for (const [index, mapping] of words64(this.#object.map("mappings").lookupAll()).entries()) {
      if (mapping === 0n) continue;
      const subscriber = this.#set.subscribers[index] ?? 0;
      mappings.push({ subscriber, publicAddress: Number(mapping >> 32n), ports: unpackPorts(mapping) });
    }
    return mappings;
  }

  async close(): Promise<void> {
    await this.#frames.close();
    release(this.#object, this.#attached);
  }
}

function release(object: BpfObject, attached: readonly XdpAttachment[]): void {
  for (const attachment of attached) attachment.close();
  object.close();
}

/** The object with its maps sized and filled for the set, nothing attached yet. */
export function loadGenerator(setup: EngineSetup): BpfObject {
  const { set } = setup;
  const object = BpfObject.load(objectPath("generator"), {
    subscribers: set.subscribers.length,
    mappings: setup.record ? set.subscribers.length : 1,
    marks: Math.ceil(set.connections / CONNECTIONS_PER_MARK),
  });
  try {
    object.map("config").updateAt(0, encodeConfig(setup));
    object.map("subscribers").updateAll(bytesOf(set.subscribers));
  } catch (error) {
    object.close();
    throw error;
  }
  return object;
}

/** struct config of bpf/generator.bpf.c. */
function encodeConfig({ set, protocol, inside, ends, record }: EngineSetup): Uint8Array {
  const bytes = new Uint8Array(CONFIG_BYTES);
  new Uint32Array(bytes.buffer).set([
    set.subscribers.length,
    set.connections,
    set.firstDestination,
    set.destinations,
    ...set.key,
    inside.index,
  ]);
  bytes.set([protocol, record ? 1 : 0, ...ends.own, ...ends.gateway], 36);
  return bytes;
}

/** low << 16 | high, below anything else. */
function unpackPorts(packed: bigint): { first: number; last: number } {
  return { first: Number((packed >> 16n) & 0xffffn), last: Number(packed & 0xffffn) };
}

function bytesOf(words: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function words64(bytes: Buffer): BigUint64Array {
  return new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
}
