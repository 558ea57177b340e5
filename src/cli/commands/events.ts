import type { AddressPrefix } from "../../kernel/conntrack/address-prefix.ts";
import type { EventFilter } from "../../kernel/conntrack/event-filter.ts";
import type { EventKind } from "../../kernel/conntrack/event-socket.ts";
import type { EventsBegun } from "../../observe/events/event-stream.ts";
import type { EventTotals } from "../../observe/events/event-totals.ts";
import { command } from "../command.ts";
import { countLines, fastPathCounts } from "../fast-path-counts.ts";
import { parseAddressOrPrefix, parseEventKind, parsePortNumber } from "../event-flags.ts";
import { readProtocol } from "../flow-filter.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly kind?: readonly EventKind[];
  readonly protocol?: readonly number[];
  readonly subscriber?: readonly AddressPrefix[];
  readonly public?: readonly AddressPrefix[];
  readonly destination?: readonly AddressPrefix[];
  readonly port?: readonly number[];
  readonly seconds?: number;
  readonly limit?: number;
  readonly buffer: number;
  readonly resync: boolean;
}

/** Output that may wait for its reader: some 300,000 lines. */
const OUTPUT_BYTES = 64 << 20;

/** Shows connections as they begin, change and end. */
export const events = command<Flags, []>({
  brief: "Show connections as they begin, change and end",
  description: [
    "Prints every event of connection tracking as a line, as `conntrack -E` does, until Ctrl-C. The filter runs in the",
    "kernel: what it leaves out costs next to nothing. Nothing gets lost silently: if the kernel's queue overflows, or",
    "whoever reads the output is too slow, a line beginning with # (or an object of event `lost`) says how many events",
    "are missing, at the place where they are missing, and the exit status is 1. With --resync the table as it is then",
    "follows.",
    "Listening costs: as long as anybody listens to any events, every new connection takes 128 bytes more of the",
    "kernel's memory, half as much again. And connections that began before anybody listened have no events, neither",
    "updates nor an end, unless net.netfilter.nf_conntrack_events is 1.",
    "Where the kernel counts packets and bytes of each connection (nf_conntrack_acct), a connection's end says how many",
    "they were, and those that the fast path forwarded are added.",
  ].join("\n"),
  examples: [
    ["meganat events", "everything, until Ctrl-C"],
    ["meganat events --kind new --protocol tcp --subscriber 10.10.1.0/24", "who opens connections there"],
    ["meganat events --json --seconds 20 > events.jsonl", "twenty seconds of it as JSON lines"],
  ],
  json: [
    [
      "event",
      "on each line: begin, new, update, destroy, lost, resync-begin, present, resync-end, end; the rest depends on it",
    ],
    ["at", "when it was read, ISO 8601"],
    ["new, update, destroy, present", "and the connection as `meganat flows --json` prints it"],
    ["lost", "{ lost, overruns, unprinted: { new, update, destroy } } since the last such line"],
    ["end", "{ seen: { new, update, destroy }, lost, overruns, unprinted, malformed, resyncs, seconds }"],
  ],
  parameters: {
    flags: {
      kind: list("Only new, update or destroy", "kind", parseEventKind),
      protocol: list("Only this protocol: tcp, udp, icmp, ... or a number", "protocol", readProtocol),
      subscriber: list("Only connections begun by this address or prefix", "prefix", parseAddressOrPrefix),
      public: list("Only connections whose source was translated to it", "prefix", parseAddressOrPrefix),
      destination: list("Only connections to this address or prefix", "prefix", parseAddressOrPrefix),
      port: list("Only connections to this port", "port", parsePortNumber),
      seconds: {
        kind: "parsed",
        brief: "Stop after this time",
        placeholder: "seconds",
        parse: (text: string) => parseCount(text, 1, 31_536_000),
        optional: true,
      },
      limit: {
        kind: "parsed",
        brief: "Stop after so many events",
        placeholder: "events",
        parse: (text: string) => parseCount(text, 1, 1e12),
        optional: true,
      },
      buffer: {
        kind: "parsed",
        brief: "Megabytes the kernel may queue for us",
        placeholder: "MB",
        parse: (text: string) => parseCount(text, 1, 1024),
        default: "256",
      },
      resync: { kind: "boolean", brief: "After a loss, print the table as it is then", default: false },
    },
    aliases: { k: "kind", p: "protocol" },
  },
  run: async ({ output, netns }, flags) => {
    const [{ streamEvents }, { sumKinds }, { untilStopped, pause }] = await Promise.all([
      import("../../observe/events/event-stream.ts"),
      import("../../observe/events/event-totals.ts"),
      import("../until-stopped.ts"),
    ]);
    const counts = await fastPathCounts(netns);
    const kinds = flags.kind ?? (["new", "update", "destroy"] as const);
    const start = performance.now();
    const totals = await untilStopped(async (signal) => {
      const stopping = new AbortController();
      const stop = (): void => stopping.abort();
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop);
      if (flags.seconds !== undefined) void pause(flags.seconds * 1000, stopping.signal).then(stop);
      try {
        return await streamEvents(
          {
            namespace: netns,
            kinds,
            filter: filterOf(flags),
            form: output.json ? "json" : "text",
            bufferBytes: flags.buffer << 20,
            outputBytes: OUTPUT_BYTES,
            resync: flags.resync,
            limit: flags.limit,
            ...(counts?.path === undefined ? {} : { shares: counts.path }),
          },
          {
            begin: async (begun) => {
              const notes = [...notesOf(begun), ...countLines(counts).slice(0, 1)];
              if (output.json) await output.stream(`${JSON.stringify(beginJson(kinds, begun, notes))}\n`);
              else output.say(`# ${beginText(begun, notes)}`);
            },
            write: async (lines) => output.stream(lines),
          },
          stopping.signal,
        );
      } finally {
        stop();
      }
    });
    const seconds = (performance.now() - start) / 1000;
    const { lost, unprinted, overruns, malformed } = totals;
    const missing = lost + sumKinds(unprinted) + malformed;
    const uncounted = overruns > 0 && lost === 0;
    return {
      json: { event: "end", at: new Date().toISOString(), ...totals, seconds },
      text: endText(totals, seconds),
      status: missing > 0 || uncounted ? 1 : 0,
    };
  },
});

function list<T>(brief: string, placeholder: string, parse: (text: string) => T) {
  return { kind: "parsed", brief, placeholder, parse, variadic: ",", optional: true } as const;
}

function filterOf(flags: Flags): EventFilter {
  const { protocol, subscriber, public: publics, destination, port } = flags;
  return {
    ...(protocol === undefined ? {} : { protocols: protocol }),
    ...(subscriber === undefined ? {} : { sources: subscriber }),
    ...(publics === undefined ? {} : { publics }),
    ...(destination === undefined ? {} : { destinations: destination }),
    ...(port === undefined ? {} : { ports: port }),
  };
}

const OLDER = "connections that began before now have no events (net.netfilter.nf_conntrack_events is 2)";
const OFF = "net.netfilter.nf_conntrack_events is 0: new connections have no events";

function notesOf({ events }: EventsBegun): string[] {
  if (events === 0) return [OFF];
  return events === 2 ? [OLDER] : [];
}

function beginJson(kinds: readonly EventKind[], { bufferBytes }: EventsBegun, notes: readonly string[]): object {
  return { event: "begin", at: new Date().toISOString(), kinds, bufferBytes, notes };
}

function beginText({ bufferBytes }: EventsBegun, notes: readonly string[]): string {
  return [`listening, ${bufferBytes >>> 20} MB of queue`, ...notes].join("; ");
}

function endText({ seen, lost, overruns, unprinted, malformed }: EventTotals, seconds: number): string {
  const { new: made, update, destroy } = seen;
  const all = made + update + destroy;
  const slow = unprinted.new + unprinted.update + unprinted.destroy;
  const parts = [
    `${all} events in ${seconds.toFixed(1)} s (${made} new, ${update} update, ${destroy} destroy)`,
    lost > 0 ? `${lost} more lost in the kernel` : "none lost in the kernel",
  ];
  if (overruns > 0 && lost === 0) parts.push(`it had no memory for some ${overruns} times, uncounted`);
  if (slow > 0) parts.push(`${slow} of them not printed, the reader was slow`);
  if (malformed > 0) parts.push(`${malformed} could not be read`);
  return `# ${parts.join("; ")}`;
}
