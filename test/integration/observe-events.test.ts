import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { parseAddressOrPrefix } from "../../src/cli/event-flags.ts";
import type { AddressPrefix } from "../../src/kernel/conntrack/address-prefix.ts";
import type { EventFilter } from "../../src/kernel/conntrack/event-filter.ts";
import { ConntrackEventSocket, NOTHING, OVERRUN } from "../../src/kernel/conntrack/event-socket.ts";
import { scanConntrack } from "../../src/kernel/conntrack/scan.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { writeSysctl } from "../../src/kernel/sysctl.ts";
import { matchesFilter } from "../../src/observe/events/event-match.ts";
import { streamEvents, type EventStreamOptions } from "../../src/observe/events/event-stream.ts";
import { sumKinds, type EventTotals } from "../../src/observe/events/event-totals.ts";
import { NEEDS_CONTAINERS, meganatInContainer, meganatPowerless } from "../fixtures/as-others.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

/** Makes connections by `conntrack --load-file`: each is one event of kind new. */
function load(namespace: string, count: number, first = 0): void {
  const lines = Array.from({ length: count }, (_, i) => {
    const index = first + i;
    const source = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    return `-I -p udp -s ${source} -d 9.9.9.9 --sport 5000 --dport 53 -t 300 -n 61.1.1.${1 + (index % 2)}\n`;
  });
  // By a pipe: conntrack opens /dev/stdin, which cannot be done with the socket that Node.js gives it.
  const loaded = runInNamespace(namespace, "sh", ["-c", "cat | conntrack --load-file -"], { input: lines.join("") });
  assert.equal(loaded.status, 0, loaded.stderr);
}

interface Listening {
  readonly lines: string[];
  /** Stops; gives the totals. */
  readonly end: () => Promise<EventTotals>;
}

/** Listens in the namespace; `write` may be slow. Resolved when the kernel listens. */
async function listen(
  namespace: string,
  options: Partial<EventStreamOptions> = {},
  write: (lines: string[]) => Promise<void> = async () => {},
): Promise<Listening> {
  const stopping = new AbortController();
  const lines: string[] = [];
  let totals: Promise<EventTotals> | undefined;
  await new Promise<void>((begun, failed) => {
    totals = streamEvents(
      {
        namespace,
        kinds: ["new", "update", "destroy"],
        filter: {},
        form: "text",
        bufferBytes: 64 << 20,
        outputBytes: 64 << 20,
        resync: false,
        ...options,
      },
      {
        begin: async () => begun(),
        write: async (text) => {
          const added = text.trimEnd().split("\n");
          lines.push(...added);
          await write(added);
        },
      },
      stopping.signal,
    );
    totals.catch(failed);
  });
  return {
    lines,
    end: async () => {
      stopping.abort();
      return totals ?? assert.fail();
    },
  };
}

test("lines are those of conntrack -E", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  writeSysctl(namespace, "net.netfilter.nf_conntrack_acct", "1");
  // Nothing is tracked in a namespace before a rule asks for it.
  runNft(
    namespace,
    "table ip track {\n  chain out {\n    type filter hook output priority 0;\n    ct state new\n  }\n}\n",
  );
  const oracle = spawn("ip", ["netns", "exec", namespace, "stdbuf", "-oL", "conntrack", "-E"]);
  t.after(() => oracle.kill("SIGKILL"));
  const theirs: string[] = [];
  oracle.stdout.on("data", (data: Buffer) => theirs.push(data.toString()));
  const ours = await listen(namespace);
  const common = ["-s", "10.0.0.2", "-d", "8.8.8.8", "-t", "100"];
  const tcp = ["-p", "tcp", ...common, "--sport", "1000", "--dport", "80", "--state", "TIME_WAIT", "-m", "7"];
  // conntrack tells nobody when it has begun to listen: its first event shows that it has.
  for (let i = 0; i < 100 && theirs.length === 0; i++) {
    run(namespace, "conntrack", "-I", "-p", "udp", ...common, "--sport", "1", "--dport", "2");
    run(namespace, "conntrack", "-D", "-p", "udp");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  run(namespace, "conntrack", "-I", ...tcp, "-n", "61.1.1.1");
  run(
    namespace,
    "conntrack",
    "-I",
    "-p",
    "udp",
    ...common,
    "--sport",
    "3",
    "--dport",
    "53",
    "-w",
    "5",
    "-u",
    "ASSURED",
  );
  run(namespace, "conntrack", "-I", "-p", "gre", ...common, "--srckey", "513", "--dstkey", "514");
  const six = ["-s", "2001:db8::1", "-d", "2001:db8::2", "-t", "100", "--sport", "1", "--dport", "2"];
  run(namespace, "conntrack", "-I", "-p", "udp", ...six);
  run(namespace, "ping", "-q", "-c", "1", "127.0.0.1");
  for (const family of ["ipv4", "ipv6"]) run(namespace, "conntrack", "-D", "-f", family);
  await new Promise((resolve) => setTimeout(resolve, 300));
  oracle.kill();
  await once(oracle, "close");
  const totals = await ours.end();
  const expected = theirs
    .join("")
    .trimEnd()
    .split("\n")
    // Of events that a program caused, conntrack says which; we do not.
    .map((line) => line.replace(/ \[USERSPACE\] .*$/, "").trimEnd());
  assert.ok(expected.length >= 12, expected.join("\n"));
  assert.deepEqual(ours.lines.slice(-expected.length), expected);
  assert.deepEqual([totals.lost, totals.malformed, sumKinds(totals.unprinted)], [0, 0, 0]);
});

test("all events of 10,000 connections, or the exact number that is missing", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const all = await listen(namespace);
  // A queue that holds a few hundred: it overflows, since nobody reads while conntrack writes in this thread's place.
  const few = new ConntrackEventSocket(namespace, { kinds: ["new"], filter: {}, bufferBytes: 256 << 10 });
  load(namespace, 10_000);
  let [seen, overruns] = [0, 0];
  for (let got = few.receive(); got !== NOTHING; got = few.receive()) {
    if (got === OVERRUN) overruns++;
    else seen += got;
  }
  assert.ok(seen > 10 && few.drops > 1000 && overruns >= 1, `${seen} seen, ${few.drops} lost, ${overruns} overruns`);
  assert.equal(seen + few.drops, 10_000);
  few.close();
  const totals = await all.end();
  assert.deepEqual(totals, {
    seen: { new: 10_000, update: 0, destroy: 0 },
    lost: 0,
    overruns: 0,
    unprinted: { new: 0, update: 0, destroy: 0 },
    malformed: 0,
    resyncs: 0,
  });
  assert.equal(new Set(all.lines).size, 10_000);
});

test("a loss stands in the stream where it happened, and the table follows when it is over", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const listening = await listen(namespace, { form: "json", bufferBytes: 128 << 10, resync: true });
  // Two writers against one reader: sooner or later the small queue overflows.
  const records = (): { event: string; lost?: number; present?: number; exact?: boolean }[] =>
    listening.lines.map((line) => JSON.parse(line) as { event: string; lost?: number; present?: number });
  let made = 0;
  for (; made < 60_000 && !records().some(({ event }) => event === "lost"); made += 5_000) {
    load(namespace, 5_000, made);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (let i = 0; i < 100 && !records().some(({ event }) => event === "resync-end"); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const totals = await listening.end();
  const found = records();
  const lost = found.reduce((sum, record) => sum + (record.event === "lost" ? (record.lost ?? 0) : 0), 0);
  assert.ok(lost > 0, "nothing was lost: the test shows nothing");
  assert.equal(totals.lost, lost);
  assert.equal(totals.seen.new + lost, made);
  assert.equal(found.filter(({ event }) => event === "new").length, totals.seen.new);
  const end = found.find(({ event }) => event === "resync-end");
  assert.deepEqual([end?.present, end?.exact], [made, true]);
  assert.equal(found.filter(({ event }) => event === "present").length, made);
});

test("a slow reader: what is not printed is counted, the kernel loses nothing", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const listening = await listen(namespace, { outputBytes: 100_000 }, async () => held);
  load(namespace, 5000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  release();
  const totals = await listening.end();
  const printed = listening.lines.filter((line) => line.includes("[NEW]")).length;
  assert.equal(totals.lost, 0);
  assert.ok(totals.unprinted.new > 0 && printed > 0, `${printed} printed`);
  assert.equal(printed + totals.unprinted.new, 5000);
  assert.match(listening.lines.at(-1) ?? "", new RegExp(`^# .* ${totals.unprinted.new} events not printed`));
});

const prefix = (address: string, length: number): AddressPrefix => ({
  ...parseAddressOrPrefix(address),
  length,
});

const FILTERS: readonly (readonly [string, EventFilter, number])[] = [
  ["nothing", {}, 5],
  ["a protocol", { protocols: [17] }, 4],
  ["two protocols", { protocols: [6, 17] }, 5],
  ["a port", { ports: [53] }, 4],
  ["a port of a protocol", { ports: [52, 53], protocols: [17] }, 3],
  ["a subscriber", { sources: [prefix("10.0.0.1", 32)] }, 1],
  [
    "one of two prefixes",
    {
      sources: [prefix("10.0.0.0", 24), prefix("10.0.5.0", 24)],
    },
    2,
  ],
  ["everywhere, which IPv6 is not", { destinations: [prefix("0.0.0.0", 0)] }, 4],
  ["a public address", { publics: [prefix("61.1.1.7", 32)] }, 1],
  ["nobody", { publics: [prefix("61.1.1.8", 32)] }, 0],
  ["an IPv6 address", { sources: [prefix("2001:db8::1", 128)] }, 1],
  ["another one", { sources: [prefix("2001:db8::2", 128)] }, 0],
  ["an IPv6 prefix that ends within a word", { destinations: [prefix("2001:db8::", 47)] }, 1],
  ["a prefix of IPv6 public addresses", { publics: [prefix("2001:db8::1", 64)] }, 1],
  ["all of IPv6, which IPv4 is not", { sources: [prefix("::", 0)] }, 1],
  ["one of either family", { sources: [prefix("10.2.0.0", 16), prefix("2001:db8::", 32), prefix("10.1.0.0", 16)] }, 3],
  ["one of either family, at a port", { sources: [prefix("10.2.0.0", 16), prefix("2001:db8::", 32)], ports: [53] }, 2],
  ["neither family", { destinations: [prefix("9.0.0.0", 8), prefix("fe80::", 10)] }, 0],
];

test("the kernel filters as asked, and a table that is read anew is filtered the same", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const sockets = FILTERS.map(([what, filter, expected]) => {
    const options = { kinds: ["new", "update", "destroy"] as const, filter, bufferBytes: 1 << 20 };
    return [what, new ConntrackEventSocket(namespace, options), expected] as const;
  });
  t.after(() => sockets.forEach(([, socket]) => socket.close()));
  const insert = (protocol: string, source: string, port: string, ...more: string[]): void => {
    const to = source.includes(":") ? "2001:db8::2" : "8.8.8.8";
    const ports = ["--sport", "1", "--dport", port];
    run(namespace, "conntrack", "-I", "-p", protocol, "-s", source, "-d", to, ...ports, "-t", "60", ...more);
  };
  insert("udp", "10.0.0.1", "53");
  insert("udp", "10.0.5.1", "54", "-n", "61.1.1.7");
  insert("tcp", "10.1.0.1", "53", "--state", "ESTABLISHED");
  insert("udp", "10.2.0.1", "53");
  insert("udp", "2001:db8::1", "53");
  for (const [what, socket, expected] of sockets) {
    let count = 0;
    for (let got = socket.receive(); got !== NOTHING; got = socket.receive()) count += got;
    assert.equal(count, expected, what);
    assert.equal(socket.drops, 0, "what is filtered out is not lost");
  }
  for (const [what, filter, expected] of FILTERS) {
    let count = 0;
    scanConntrack(namespace, { family: 0 }, (entry) => void (matchesFilter(entry, filter) && count++));
    assert.equal(count, expected, what);
  }
});

test("connections from before anybody listened are silent, as the command says", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  // As long as anybody listens in the namespace, every connection has events: so nobody may yet.
  load(namespace, 3);
  const listening = await listen(namespace, { limit: 4 });
  load(namespace, 2, 100);
  run(namespace, "conntrack", "-D", "-p", "udp");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { seen } = await listening.end();
  assert.deepEqual(seen, { new: 2, update: 0, destroy: 2 });
});

test("without capabilities it says what is needed; in a container it listens to its own", NEEDS_CONTAINERS, () => {
  const denied = meganatPowerless("events", "--seconds", "1");
  assert.equal(denied.status, 1);
  assert.match(denied.stderr, /^error\[kernel-permission\]: cannot listen to the events of connection tracking: EPERM/);
  const own = meganatInContainer("events", "--seconds", "1", "--json");
  assert.equal(own.status, 0, own.stderr);
  const records = own.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; lost?: number });
  assert.deepEqual(
    records.map(({ event }) => event),
    ["begin", "end"],
  );
  assert.equal(records[1]?.lost, 0);
});
