import { freemem } from "node:os";
import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { SLOT_BYTES, bucketsFor } from "../../plan/table.ts";
import { CONNECTIONS_PER_MARK } from "../../lab/generator/xdp-engine.ts";
import { randomBelow, seededRandom } from "../method/random.ts";
import { ConnectionFeed } from "../setup/connection-feed.ts";
import { openTableLab } from "../setup/table-lab.ts";
import { SUBSCRIBER_COUNT } from "../setup/table-gateway.ts";

/** What to hold. */
export interface ScaleOptions {
  readonly connections: number;
  /** So many of them are used once more at the end; rounded up to groups of 64. */
  readonly sample: number;
  readonly seed: number;
  readonly memoryBytes: number;
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How fast they came, up to so many. */
export interface ScalePoint {
  readonly held: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** Many translations held at once. */
export interface ScaleResult {
  /** By the kernel's count, when all were there. */
  readonly held: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly curve: readonly ScalePoint[];
  readonly buckets: number;
  /** By how much the host's available memory fell, hash included. */
  readonly memoryBytes: number;
  /** Of these the hash of connections. */
  readonly hashBytes: number;
  /** Connections used once more, and what came of it: seen outside translated, and answered to the socket that asked. */
  readonly sample: { readonly connections: number; readonly delivered: number; readonly answered: number };
  /** By the kernel's count after that: as many as before, so none of them was a new one. */
  readonly heldAfter: number;
  readonly tearDownPerSecond: number;
}

const POINTS = 20;
const STEP = 262_144;
/** Queues may lose a packet under load; then others take its place. */
const SPARE = 1.01;

/** Fills a gateway in a lab, uses some connections once more in both directions, and empties it again. */
export async function benchmarkScale(options: ScaleOptions): Promise<ScaleResult> {
  const { connections, onStep = () => undefined } = options;
  const room = Math.ceil(connections * SPARE) + 2 * SUBSCRIBER_COUNT;
  const availableBefore = freemem();
  onStep("building the lab");
  const { lab, settings } = await openTableLab(
    { connections: 1, selection: "random" },
    { max: room, buckets: bucketsFor(room, options.memoryBytes) },
  );
  const gateway = lab.topology.namespaces.gateway;
  try {
    const feed = await ConnectionFeed.open(lab.topology, room * TRIES, options.seed);
    try {
      // So that the gateway knows its subscribers; these count among the connections.
      await feed.feed(SUBSCRIBER_COUNT, options.signal);
      const fill = await fillTo(connections, feed, () => readConntrackCount(gateway), options);
      const held = readConntrackCount(gateway);
      const memoryBytes = availableBefore - freemem();
      const sample = await useAgain(feed, options);
      const heldAfter = readConntrackCount(gateway);
      onStep(`removing ${heldAfter.toLocaleString("en")}`);
      const tearDownPerSecond = heldAfter / feed.removeAll();
      const { buckets } = settings;
      return {
        held,
        ...fill,
        buckets,
        memoryBytes,
        hashBytes: buckets * SLOT_BYTES,
        sample,
        heldAfter,
        tearDownPerSecond,
      };
    } finally {
      await feed.close();
    }
  } finally {
    await lab.close();
  }
}

/** On a busy machine a queue between the namespaces loses packets; for each connection, so many may be tried. */
const TRIES = 2;

async function fillTo(
  connections: number,
  feed: ConnectionFeed,
  count: () => number,
  { onStep, signal }: ScaleOptions,
): Promise<Pick<ScaleResult, "seconds" | "cpuSeconds" | "curve">> {
  const curve: ScalePoint[] = [];
  let [seconds, cpuSeconds] = [0, 0];
  let since = { held: count(), seconds: 0, cpuSeconds: 0 };
  for (let held = since.held; held < connections;) {
    const fed = await feed.feed(Math.min(STEP, connections - held), signal);
    seconds += fed.seconds;
    cpuSeconds += fed.cpuSeconds;
    const now = count();
    if (now <= held) throw new RangeError(`the table holds ${now} connections and takes no more`);
    held = now;
    onStep?.(`holding ${held.toLocaleString("en")} of ${connections.toLocaleString("en")}`);
    if (held - since.held < connections / POINTS && held < connections) continue;
    curve.push({
      held,
      perSecond: (held - since.held) / (seconds - since.seconds),
      perCpuSecond: (held - since.held) / (cpuSeconds - since.cpuSeconds),
    });
    since = { held, seconds, cpuSeconds };
  }
  return { seconds, cpuSeconds, curve };
}

async function useAgain(feed: ConnectionFeed, options: ScaleOptions): Promise<ScaleResult["sample"]> {
  const random = seededRandom(options.seed);
  const groups = Math.floor(feed.next / CONNECTIONS_PER_MARK);
  const wanted = Math.min(groups, Math.ceil(options.sample / CONNECTIONS_PER_MARK));
  const total = { connections: 0, delivered: 0, answered: 0 };
  // Group i of as many equal parts: spread over the whole time of filling.
  for (let i = 0; i < wanted; i++) {
    options.signal?.throwIfAborted();
    const [from, to] = [Math.floor((i * groups) / wanted), Math.floor(((i + 1) * groups) / wanted)];
    const { delivered, answered } = await feed.repeat((from + randomBelow(random, to - from)) * CONNECTIONS_PER_MARK);
    total.connections += CONNECTIONS_PER_MARK;
    total.delivered += delivered;
    total.answered += answered;
    if (i % 100 === 0) options.onStep?.(`used ${total.connections.toLocaleString("en")} again`);
  }
  return total;
}
