import { setTimeout as sleep } from "node:timers/promises";
import { formatIpv4 } from "../../address/ipv4.ts";
import { flushConnections } from "../../kernel/conntrack/create.ts";
import { removeConnections } from "../../kernel/conntrack/remove.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { connectionAt, createConnectionSet, type ConnectionSet } from "../../lab/generator/connection.ts";
import { IPPROTO_UDP } from "../../lab/generator/frame.ts";
import { findLinkEnds, requireLink } from "../../lab/generator/link-ends.ts";
import { CONNECTIONS_PER_MARK, XdpEngine } from "../../lab/generator/xdp-engine.ts";
import type { LabTopology } from "../../lab/topology.ts";
import { DESTINATIONS, SUBSCRIBERS } from "./table-gateway.ts";

/** Frames sent in one go. */
const SLICE = 8192;
const SETTLE_MS = 20;
const SETTLE_POLLS = 100;
const MICROSECONDS = 1e6;

/** What came of some connections. */
export interface Fed {
  readonly sent: number;
  /** Seen beyond the gateway; what is missing was refused, or lost in a queue. */
  readonly delivered: number;
  readonly answered: number;
  /** By the clock. */
  readonly seconds: number;
  /**
   * Of this process, user and system: the generator, the gateway and the answers are made on one CPU, in the context of
   * the thread that sends. What else the machine does at the time does not count.
   */
  readonly cpuSeconds: number;
}

/** Opens UDP connections through the gateway of a lab, one after another, each answered once. */
export class ConnectionFeed {
  readonly #set: ConnectionSet;
  readonly #engine: XdpEngine;
  readonly #gateway: NamespaceName;
  #next = 0;

  private constructor(set: ConnectionSet, engine: XdpEngine, gateway: NamespaceName) {
    this.#set = set;
    this.#engine = engine;
    this.#gateway = gateway;
  }

  /** `connections`: how many it can open in all. Throws KernelError where eBPF cannot be had. */
  static async open({ namespaces }: LabTopology, connections: number, seed: number): Promise<ConnectionFeed> {
    const set = createConnectionSet({ connections, subscribers: [SUBSCRIBERS], destinations: DESTINATIONS, seed });
    const inside = { namespace: namespaces.inside, interface: "lan" };
    const gatewayMac = requireLink(namespaces.gateway, "lan").mac;
    const { index, ...ends } = await findLinkEnds({ ...inside, gatewayMac }, set.firstDestination);
    const engine = await XdpEngine.start({
      set,
      protocol: IPPROTO_UDP,
      inside: { ...inside, index },
      outside: { namespace: namespaces.outside, interface: "wan" },
      ends,
      record: false,
    });
    engine.beginRound(false);
    return new ConnectionFeed(set, engine, namespaces.gateway);
  }

  /** Number of the next connection: so many were sent. */
  get next(): number {
    return this.#next;
  }

  /** Opens the next connections as fast as it goes. */
  async feed(count: number, signal?: AbortSignal): Promise<Fed> {
    const before = this.#engine.counts();
    const started = performance.now();
    const cpu = process.cpuUsage();
    for (let left = count; left > 0; left -= SLICE) {
      signal?.throwIfAborted();
      await this.#engine.advance(Math.min(SLICE, left));
    }
    const used = process.cpuUsage(cpu);
    const seconds = (performance.now() - started) / 1000;
    this.#next += count;
    const after = await this.#settle(before.answered + count);
    return {
      sent: count,
      delivered: after.delivered - before.delivered,
      answered: after.answered - before.answered,
      seconds,
      cpuSeconds: (used.user + used.system) / MICROSECONDS,
    };
  }

  /** Takes the last `count` connections out of the gateway's table. */
  removeLast(count: number): void {
    removeConnections(this.#gateway, this.#tuples(this.#next - count));
  }

  /** Takes everything out of it; seconds. */
  removeAll(): number {
    const started = performance.now();
    flushConnections(this.#gateway);
    return (performance.now() - started) / 1000;
  }

  /**
   * Sends a packet of 64 neighbouring connections again, from number `first`, a multiple of 64: how many arrived beyond
   * the gateway as they should, and how many answers came back to the socket that asked.
   */
  async repeat(first: number): Promise<{ readonly delivered: number; readonly answered: number }> {
    const before = this.#engine.counts();
    await this.#engine.repeat(first, CONNECTIONS_PER_MARK);
    const after = await this.#settle(before.answered + CONNECTIONS_PER_MARK);
    return { delivered: after.delivered - before.delivered, answered: after.answered - before.answered };
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  *#tuples(from: number): Generator<Tuple> {
    for (let number = from; number < this.#next; number++) {
      const { source, destination, ...ports } = connectionAt(this.#set, number);
      yield { source: formatIpv4(source), destination: formatIpv4(destination), protocol: IPPROTO_UDP, ...ports };
    }
  }

  /** Waits until so many answers are there, or no more come. */
  async #settle(answered: number): Promise<ReturnType<XdpEngine["counts"]>> {
    let counts = this.#engine.counts();
    for (let poll = 0; poll < SETTLE_POLLS && counts.answered < answered; poll++) {
      await sleep(SETTLE_MS);
      const before = counts;
      counts = this.#engine.counts();
      if (counts.answered === before.answered && counts.delivered === before.delivered) break;
    }
    return counts;
  }
}
