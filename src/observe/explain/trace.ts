import { setTimeout as sleep } from "node:timers/promises";
import type { TracedPacket, TracedStep } from "../../diagnose/explain/traced.ts";
import type { FlowSignal, FlowTuple } from "../../diagnose/signals/table.ts";
import { protocolWord } from "../../diagnose/flow-words.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { runNft } from "../../kernel/nftables.ts";
import { listLinks } from "../../kernel/route/link.ts";
import type { TraceEvent } from "../../kernel/ruleset/trace-event.ts";
import { TraceSocket } from "../../kernel/ruleset/trace-socket.ts";

/** The table that marks packets to be traced; there only while tracing. */
export const TRACE_TABLE = "meganat-trace";

/** What to trace. */
export interface TraceRequest {
  readonly namespace?: NamespaceName;
  readonly protocol: number;
  /** As the first packet has it. */
  readonly tuple: FlowTuple;
  /** The entry in the table, if there is one: then answers are traced from the beginning of their way. */
  readonly flow?: FlowSignal;
  /** Ends after so many packets. */
  readonly packets: number;
  /** Ends after so many seconds. */
  readonly seconds: number;
  readonly signal?: AbortSignal;
  /** Called when packets are traced from now on. */
  readonly onReady?: () => void;
  readonly onPacket: (packet: TracedPacket) => void;
}

const POLL_MS = 10;
/** A packet whose steps have stopped for so long has gone. */
const QUIET_MS = 60;
const REMOVE = `table inet ${TRACE_TABLE}\ndelete table inet ${TRACE_TABLE}\n`;

/**
 * Has the kernel tell the way of a connection's next packets through the rules of nftables, iptables-nft's too. A table
 * of our own marks them, and is removed at the end whatever happens; one left by a process that was killed is removed
 * first. Gives how many packets were told of.
 */
export async function tracePackets(request: TraceRequest): Promise<number> {
  const { namespace, packets, seconds, signal, onReady, onPacket } = request;
  const socket = new TraceSocket(namespace);
  try {
    runNft(namespace, REMOVE + tableText(request));
    onReady?.();
    const gather = new Gather(request, onPacket);
    const end = performance.now() + seconds * 1000;
    const goesOn = (): boolean => gather.told < packets && performance.now() < end && signal?.aborted !== true;
    while (goesOn()) {
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
      gather.take(socket.receive());
    }
    gather.finish();
    return Math.min(gather.told, packets);
  } finally {
    socket.close();
    runNft(namespace, REMOVE);
  }
}

function tableText({ protocol, tuple, flow }: TraceRequest): string {
  const name = protocolWord(protocol);
  const there = ends(name, tuple);
  const back = flow === undefined ? undefined : ends(name, flow.reply);
  // Before every other rule; an answer that nobody can foresee, as soon as conntrack has named its connection.
  const early = [there, back].flatMap((match) => (match === undefined ? [] : [`    ${match} meta nftrace set 1`]));
  const late =
    back === undefined
      ? [`    ct direction reply meta l4proto ${protocol} ${original(tuple, name)} meta nftrace set 1`]
      : [];
  const chains = (["prerouting", "output"] as const).flatMap((hook) => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority -400; policy accept;`,
    ...early,
    "  }",
    `  chain ${hook}-answers {`,
    `    type filter hook ${hook} priority -199; policy accept;`,
    ...late,
    "  }",
  ]);
  // Behind every other rule: what comes there has got through.
  const last = (["postrouting", "input"] as const).flatMap((hook) => [
    `  chain ${hook}-end {`,
    `    type filter hook ${hook} priority 2147483647; policy accept;`,
    "  }",
  ]);
  return [`table inet ${TRACE_TABLE} {`, ...chains, ...last, "}", ""].join("\n");
}

function ends(protocol: string, { source, sourcePort, destination, destinationPort }: FlowTuple): string {
  const addresses = `ip saddr ${source} ip daddr ${destination}`;
  if (protocol === "icmp") return `${addresses} ip protocol icmp`;
  if (!WITH_PORTS.has(protocol)) return `${addresses} meta l4proto ${protocol}`;
  return `${addresses} meta l4proto ${protocol} th sport ${sourcePort} th dport ${destinationPort}`;
}

const WITH_PORTS: ReadonlySet<string> = new Set(["tcp", "udp", "sctp", "dccp", "udplite"]);

function original({ source, sourcePort, destination, destinationPort }: FlowTuple, protocol: string): string {
  const addresses = `ct original ip saddr ${source} ct original ip daddr ${destination}`;
  if (!WITH_PORTS.has(protocol)) return addresses;
  return `${addresses} ct original proto-src ${sourcePort} ct original proto-dst ${destinationPort}`;
}

/** Puts the steps of packets together: they come mixed where packets pass at the same time. */
class Gather {
  told = 0;
  readonly #request: TraceRequest;
  readonly #onPacket: (packet: TracedPacket) => void;
  readonly #names: ReadonlyMap<number, string>;
  readonly #open = new Map<number, { events: TraceEvent[]; at: number }>();

  constructor(request: TraceRequest, onPacket: (packet: TracedPacket) => void) {
    this.#request = request;
    this.#onPacket = onPacket;
    this.#names = new Map(listLinks(request.namespace).map(({ index, name }) => [index, name]));
  }

  take(events: readonly TraceEvent[]): void {
    const now = performance.now();
    for (const event of events) {
      const known = this.#open.get(event.id);
      // The rule that marks it is the first step of each packet: the number of a former one has come again.
      const begins = event.table === TRACE_TABLE && event.handle !== undefined;
      if (known === undefined || begins) {
        if (known !== undefined) this.#tell(event.id, known.events);
        this.#open.set(event.id, { events: [event], at: now });
      } else {
        known.events.push(event);
        known.at = now;
      }
    }
    for (const [id, { events: steps, at }] of this.#open) if (now - at > QUIET_MS) this.#tell(id, steps);
  }

  finish(): void {
    for (const [id, { events }] of this.#open) this.#tell(id, events);
  }

  #tell(id: number, events: readonly TraceEvent[]): void {
    this.#open.delete(id);
    if (this.told >= this.#request.packets) return;
    this.told++;
    this.#onPacket(this.#packetOf(events));
  }

  #packetOf(events: readonly TraceEvent[]): TracedPacket {
    const headers = events.flatMap((event) => event.headers ?? []);
    const [first] = headers;
    const last = headers.at(-1);
    const name = (index: number | undefined): string | undefined =>
      index === undefined ? undefined : (this.#names.get(index) ?? `index ${index}`);
    const incoming = name(events.find((event) => event.incoming !== undefined)?.incoming);
    const outgoing = name(events.findLast((event) => event.outgoing !== undefined)?.outgoing);
    const ended = new Set(events.flatMap(({ table, chain }) => (table === TRACE_TABLE ? [chain] : [])));
    const reached = ended.has("postrouting-end") ? "left" : ended.has("input-end") ? "arrived" : undefined;
    const { tuple } = this.#request;
    const isFirst = first?.source === tuple.source && (first.sourcePort ?? tuple.sourcePort) === tuple.sourcePort;
    return {
      direction: isFirst ? "packet" : "answer",
      ...(first === undefined ? {} : { began: first }),
      ...(last === undefined ? {} : { ended: last }),
      ...(incoming === undefined ? {} : { incoming }),
      ...(outgoing === undefined ? {} : { outgoing }),
      ...(reached === undefined ? {} : { reached }),
      steps: events
        // The end of a base chain comes as a rule without handle.
        .filter(({ table, kind, handle }) => table !== TRACE_TABLE && (kind !== "rule" || handle !== undefined))
        .map(stepOf),
    };
  }
}

function stepOf({ kind, family, table, chain, handle, verdict, target }: TraceEvent): TracedStep {
  return {
    kind: kind === "unspecified" ? "return" : kind,
    chainId: `${family}/${table}/${chain}`,
    ...(handle === undefined ? {} : { handle }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(target === undefined ? {} : { target }),
  };
}
