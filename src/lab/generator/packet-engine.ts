import type { Worker } from "node:worker_threads";
import { formatIpv4 } from "../../address/ipv4.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { runNft } from "../../kernel/nftables.ts";
import { startThread } from "../../kernel/thread.ts";
import type { AddressUse, Engine, EngineCounts, EngineSetup } from "./engine.ts";
import { IPPROTO_TCP, PAYLOAD_MAGIC, TCP_TOTAL_LENGTH, TCP_WINDOW, UDP_LENGTH } from "./frame.ts";
import {
  createSharedState,
  SLOT,
  type PacketRole,
  type PacketThreadData,
  type ResponderResult,
  type SendOrder,
  type SharedState,
} from "./packet-threads.ts";

const TABLE = "meganat-generator";

/** Makes the connections from user space, by packet sockets in three threads: the same frames as the XDP programs. */
export class PacketEngine implements Engine {
  readonly #setup: EngineSetup;
  readonly #shared: SharedState;
  readonly #threads: Readonly<Record<PacketRole, Thread>>;
  #next = 0;
  #onlyIncomplete = false;

  private constructor(setup: EngineSetup, shared: SharedState, threads: Readonly<Record<PacketRole, Thread>>) {
    this.#setup = setup;
    this.#shared = shared;
    this.#threads = threads;
  }

  /** Opens the sockets; throws KernelError if this machine cannot, and leaves nothing behind then. */
  static async start(setup: EngineSetup): Promise<PacketEngine> {
    const shared = createSharedState(setup.set.connections);
    function thread(role: PacketRole): Thread {
      return new Thread(
        startThread("./packet-thread", import.meta.url, { role, setup, shared } satisfies PacketThreadData),
      );
    }
    hideFromKernel(setup);
    const engine = new PacketEngine(setup, shared, {
      send: thread("send"),
      respond: thread("respond"),
      collect: thread("collect"),
    });
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
    for (const namespace of endNamespaces(this.#setup)) runNft(namespace, `delete table ip ${TABLE}\n`);
  }

  #stop(): void {
    Atomics.store(this.#shared.slots, SLOT.stop, 1);
  }

  #all(): Thread[] {
    return Object.values(this.#threads);
  }
}

interface Waiting {
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that is asked one thing at a time. */
class Thread {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #failure: unknown;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: unknown) => this.#take()?.resolve(message));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("a thread of the generator has ended")));
  }

  /** What the thread says next; rejects with what ended it. */
  next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure === undefined) this.#waiting = { resolve, reject };
      else reject(this.#failure);
    });
  }

  ask(message: unknown): Promise<unknown> {
    const answer = this.next();
    this.#worker.postMessage(message, []);
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#take()?.reject(error);
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}

/**
 * Packet sockets see frames beside the kernel's IP, not in place of it: without this it would answer each of ours a
 * second time, with a port unreachable or a reset. Only the generator's packets match, by length and by what is in them.
 */
function hideFromKernel(setup: EngineSetup): void {
  const { firstDestination, destinations } = setup.set;
  const prefix = `${formatIpv4(firstDestination)}/${32 - Math.log2(destinations)}`;
  const ours =
    setup.protocol === IPPROTO_TCP
      ? `ip length ${TCP_TOTAL_LENGTH} tcp window ${TCP_WINDOW}`
      : `udp length ${UDP_LENGTH} @th,64,32 ${PAYLOAD_MAGIC}`;
  for (const [namespace, field] of [
    [setup.outside.namespace, "daddr"],
    [setup.inside.namespace, "saddr"],
  ] as const) {
    runNft(
      namespace,
      `add table ip ${TABLE}
delete table ip ${TABLE}
table ip ${TABLE} {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip ${field} ${prefix} ${ours} drop
  }
}
`,
    );
  }
}

function endNamespaces({ inside, outside }: EngineSetup): Set<NamespaceName> {
  return new Set([inside.namespace, outside.namespace]);
}
