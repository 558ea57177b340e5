import { setTimeout as sleep } from "node:timers/promises";
import type { Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import type { Ipv4Range } from "../../address/ipv4-range.ts";
import { readOffload, setOffload } from "../../kernel/ethtool.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { createConnectionSet } from "./connection.ts";
import type { AddressUse, Engine, EngineCounts, EngineSetup } from "./engine.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "./frame.ts";
import { findLinkEnds, requireLink, type InsideEnd } from "./link-ends.ts";
import { PacketEngine } from "./packet-engine.ts";
import { XdpEngine } from "./xdp-engine.ts";

/** Benchmarking range of RFC 2544: nobody on the internet has it. */
const BENCHMARK_DESTINATIONS: Ipv4Prefix = { address: 0xc6120000, length: 15 };

/** About 30 ms of work: often enough for progress, seldom enough not to cost. */
const SLICE = 8192;
const SLICES_PER_SECOND = 20;
/** Queues between the namespaces may lose packets under load; a real client would ask again, too. */
const MOST_ROUNDS = 16;
/**
 * How long rounds may bring nothing before the gateway is taken not to want the rest. The processor that serves its end
 * may stand still, as virtual ones do for a second at times; what another sends meanwhile is lost faster than it is made.
 */
const PATIENCE_MS = 3000;
/** Between rounds that brought nothing. */
const PAUSE_MS = 250;
/** Packets still under way are counted within a few milliseconds; ARP may hold them longer. */
const SETTLE_MS = 40;
const SETTLE_POLLS = 50;
/** The kernel calls a UDP connection assured if it is still used two seconds after its first packet. */
const UDP_STREAM_MS = 2100;

/** What to fill, and with how much. */
export interface FillOptions {
  /** The end, on the subscribers' side, of the link to the gateway. */
  readonly inside: InsideEnd;
  /** The end, beyond the gateway, of its outside link. */
  readonly outside: { readonly namespace: NamespaceName; readonly interface: string };
  /** The gateway's own ends of both links, if they are at hand: they are made to take XDP frames for as long as needed. */
  readonly gateway?: GatewayEnds;
  readonly subscribers: readonly Ipv4Range[];
  /** How many, spread evenly over the subscribers. */
  readonly connections: number;
  readonly protocol: "udp" | "tcp";
  /**
   * `xdp`, the default, makes and answers the packets in the kernel: root, eBPF objects built. `packet-socket` does the
   * same from user space, slower, wherever there is CAP_NET_RAW: an unprivileged user namespace will do.
   */
  readonly method?: "xdp" | "packet-socket";
  /** Default 198.18.0.0/15. The gateway must route it to the outside link, and not translate it. */
  readonly destinations?: Ipv4Prefix;
  /** The same seed gives the same connections; default 1. */
  readonly seed?: number;
  /** New connections per second at most; default: as fast as it goes. */
  readonly rate?: number;
  /** UDP: use each connection once more after two seconds, which makes the kernel keep it (ASSURED). */
  readonly assured?: boolean;
  /** For how long nothing may come of asking again before the rest is refused; default 3000. Less where that is expected. */
  readonly patienceMs?: number;
  /** Report each subscriber's public address and ports. */
  readonly record?: boolean;
  /** Called some times a second. */
  readonly onProgress?: (progress: FillProgress) => void;
  /** Ends the fill between two slices: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The gateway's ends of the links that the generator works on. */
export interface GatewayEnds {
  readonly namespace: NamespaceName;
  readonly inside: string;
  readonly outside: string;
}

/** How far a fill is; counted in connections. */
export interface FillProgress {
  readonly connections: number;
  readonly sent: number;
  readonly delivered: number;
  readonly answered: number;
}

/** What came of a fill. Counts are of connections, each once, but for frames, strays and moved: packets. */
export interface FillReport extends EngineCounts, AddressUse {
  readonly protocol: "udp" | "tcp";
  readonly seed: number;
  readonly connections: number;
  readonly subscribers: number;
  readonly sent: number;
  /** Sent, but never seen outside, in however many rounds, the last few of them with pauses in between: `sent - delivered`. */
  readonly refused: number;
  /** From the first packet to the count after the last round that brought something, without the wait for `assured`. */
  readonly seconds: number;
}

/**
 * Fills a NAT gateway with distinct connections, by packets made on the subscribers' side and answered beyond the
 * gateway. Real traffic goes on beside it. Everything attached is detached at the end, also on failure. By `xdp` the
 * gateway's own ends of both links must take XDP frames; veth does with GRO on, which is seen to if `gateway` is given.
 */
export async function fillConnections(options: FillOptions): Promise<FillReport> {
  const seed = options.seed ?? 1;
  const set = createConnectionSet({
    connections: options.connections,
    subscribers: options.subscribers,
    destinations: options.destinations ?? BENCHMARK_DESTINATIONS,
    seed,
  });
  options.signal?.throwIfAborted();
  const { index, ...ends } = await findLinkEnds(insideEnd(options), set.firstDestination);
  const method = options.method ?? "xdp";
  const restore = method === "xdp" ? takeXdpFrames(options.gateway) : [];
  let engine: Engine | undefined;
  try {
    engine = await startEngine(method, {
      set,
      protocol: options.protocol === "tcp" ? IPPROTO_TCP : IPPROTO_UDP,
      inside: { namespace: options.inside.namespace, interface: options.inside.interface, index },
      outside: { namespace: options.outside.namespace, interface: options.outside.interface },
      ends,
      record: options.record ?? false,
    });
    const { sent, seconds } = await runRounds(engine, options);
    const counts = engine.counts();
    return {
      protocol: options.protocol,
      seed,
      connections: set.connections,
      subscribers: set.subscribers.length,
      sent,
      ...counts,
      refused: sent - counts.delivered,
      ...(await engine.addressUse()),
      seconds,
    };
  } catch (error) {
    // A wait that was cut short rejects with an error of its own.
    throw options.signal?.aborted === true ? options.signal.reason : error;
  } finally {
    try {
      await engine?.close();
    } finally {
      for (const undo of restore) undo();
    }
  }
}

function insideEnd({ inside, gateway }: FillOptions): InsideEnd {
  if (gateway === undefined || inside.gatewayMac !== undefined) return inside;
  return { ...inside, gatewayMac: requireLink(gateway.namespace, gateway.inside).mac };
}

/** Switches GRO on where it is off; gives what switches it off again. */
function takeXdpFrames(gateway: GatewayEnds | undefined): (() => void)[] {
  if (gateway === undefined) return [];
  const { namespace } = gateway;
  const off = [gateway.inside, gateway.outside].filter((name) => !readOffload(namespace, name, "gro"));
  for (const name of off) setOffload(namespace, name, "gro", true);
  return off.map((name) => () => setOffload(namespace, name, "gro", false));
}

function startEngine(method: "xdp" | "packet-socket", setup: EngineSetup): Promise<Engine> {
  return method === "xdp" ? XdpEngine.start(setup) : PacketEngine.start(setup);
}

async function runRounds(engine: Engine, options: FillOptions): Promise<{ sent: number; seconds: number }> {
  const start = performance.now();
  let end = start;
  let complete = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await runRound(engine, options, round > 0);
    const before = complete;
    complete = await settle(engine, options);
    const now = performance.now();
    if (complete > before) end = now;
    if (complete === options.connections) break;
    if (complete > before || round === 0) continue;
    if (now - end > (options.patienceMs ?? PATIENCE_MS)) break;
    await sleep(PAUSE_MS, undefined, { signal: options.signal });
  }
  const seconds = (end - start) / 1000;
  if (options.assured === true && options.protocol === "udp") {
    await sleep(UDP_STREAM_MS, undefined, { signal: options.signal });
    // Twice, as nobody would notice a packet that was lost once.
    for (let use = 0; use < 2; use++) {
      await runRound(engine, options, false);
      await settle(engine, options);
    }
  }
  return { sent: options.connections, seconds };
}

async function runRound(engine: Engine, options: FillOptions, onlyIncomplete: boolean): Promise<void> {
  const { connections, rate = Number.POSITIVE_INFINITY, signal } = options;
  const slice = Math.max(1, Math.min(SLICE, Math.ceil(rate / SLICES_PER_SECOND)));
  const start = performance.now();
  engine.beginRound(onlyIncomplete);
  for (let next = 0; next < connections;) {
    signal?.throwIfAborted();
    next = await engine.advance(Math.min(slice, connections - next));
    report(engine, options, onlyIncomplete ? connections : next);
    const early = (next / rate) * 1000 - (performance.now() - start);
    if (early > 0) await sleep(early, undefined, { signal });
  }
}

/** Waits until the counts stand still; gives the number of connections that have been through all steps. */
async function settle(engine: Engine, options: FillOptions): Promise<number> {
  let counts = engine.counts();
  for (let poll = 0; poll < SETTLE_POLLS && completed(counts, options) < options.connections; poll++) {
    await sleep(SETTLE_MS, undefined, { signal: options.signal });
    const before = counts;
    counts = engine.counts();
    if (counts.delivered === before.delivered && completed(counts, options) === completed(before, options)) break;
  }
  report(engine, options, options.connections);
  return completed(counts, options);
}

function completed(counts: EngineCounts, options: FillOptions): number {
  return options.protocol === "tcp" ? counts.acknowledged : counts.answered;
}

function report(engine: Engine, options: FillOptions, sent: number): void {
  if (options.onProgress === undefined) return;
  const { delivered, answered } = engine.counts();
  options.onProgress({ connections: options.connections, sent, delivered, answered });
}
