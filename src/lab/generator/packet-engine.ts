import { startThread } from "../../kernel/thread.ts";
import { Conversation } from "./conversation.ts";
import type { AddressUse, Engine, EngineCounts, EngineSetup } from "./engine.ts";
import { hideFromKernel } from "./hide-from-kernel.ts";
import {
  createSharedState,
  SLOT,
  type PacketRole,
  type PacketThreadData,
  type ResponderResult,
  type SendOrder,
  type SharedState,
} from "./packet-threads.ts";

type Threads = Readonly<Record<PacketRole, Conversation>>;

/** Makes the connections from user space, by packet sockets in three threads: the same frames as the XDP programs. */
export class PacketEngine implements Engine {
  readonly #setup: EngineSetup;
  readonly #shared: SharedState;
  readonly #threads: Threads;
  readonly #showToKernel: () => void;
  #next = 0;
  #onlyIncomplete = false;

  private constructor(setup: EngineSetup, shared: SharedState, threads: Threads, showToKernel: () => void) {
    this.#setup = setup;
    this.#shared = shared;
    this.#threads = threads;
    this.#showToKernel = showToKernel;
  }

  /** Opens the sockets; throws KernelError if this machine cannot, and leaves nothing behind then. */
  static async start(setup: EngineSetup): Promise<PacketEngine> {
    const shared = createSharedState(setup.set.connections);
    function thread(role: PacketRole): Conversation {
      const data: PacketThreadData = { role, setup, shared };
      return new Conversation(startThread("./packet-worker", import.meta.url, data));
    }
    const showToKernel = hideFromKernel(setup);
    const threads = { send: thread("send"), respond: thread("respond"), collect: thread("collect") };
    const engine = new PacketEngine(setup, shared, threads, showToKernel);
    try {
      await Promise.all(engine.#all().map((each) => each.next()));
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  beginRound(onlyIncomplete: boolean): void {
    this.#next = 0;
    this.#onlyIncomplete = onlyIncomplete;
  }

  async advance(count: number): Promise<number> {
    const order: SendOrder = { first: this.#next, count, onlyIncomplete: this.#onlyIncomplete };
    await this.#threads.send.ask(order);
    this.#next += count;
    return this.#next;
  }

  counts(): EngineCounts {
    const { slots } = this.#shared;
    return {
      frames: Atomics.load(slots, SLOT.frames),
      delivered: Atomics.load(slots, SLOT.delivered),
      answered: Atomics.load(slots, SLOT.answered),
      acknowledged: Atomics.load(slots, SLOT.acknowledged),
      strays: Atomics.load(slots, SLOT.strays),
      moved: Atomics.load(slots, SLOT.moved),
    };
  }

  async addressUse(): Promise<AddressUse> {
    const answer = this.#threads.respond.next();
    this.#stop();
    const result = (await answer) as ResponderResult;
    const publicAddresses = [...result.publicAddresses].map(([address, { connections, first, last }]) => ({
      address,
      connections,
      ports: { first, last },
    }));
    const mappings = [...result.mappedAddress].flatMap((publicAddress, index) => {
      if (publicAddress === 0) return [];
      const ports = { first: result.firstPort[index] ?? 0, last: result.lastPort[index] ?? 0 };
      return [{ subscriber: this.#setup.set.subscribers[index] ?? 0, publicAddress, ports }];
    });
    return { publicAddresses: publicAddresses.toSorted((a, b) => a.address - b.address), mappings };
  }

  async close(): Promise<void> {
    this.#stop();
    await Promise.all(this.#all().map((thread) => thread.end()));
    this.#showToKernel();
  }

  #stop(): void {
    Atomics.store(this.#shared.slots, SLOT.stop, 1);
  }

  #all(): Conversation[] {
    return Object.values(this.#threads);
  }
}
