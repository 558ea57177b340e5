import assert from "node:assert/strict";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { writeSysctl } from "../../src/kernel/sysctl.ts";
import { carryOut } from "../../src/observe/flows/carry-out.ts";
import type { FlowFilter } from "../../src/observe/flows/filter.ts";
import { LINE_DETAILS, type FlowReport, type LineDetail, type ListFormat } from "../../src/observe/flows/flow-order.ts";
import { readFlows } from "../../src/observe/flows/read-flows.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const COMMON = "-s 10.0.0.3 -d 8.8.8.8 -t 1000";

/** Arguments of `conntrack -I`: every kind of entry that can be made without traffic. */
const ENTRIES = [
  "-p tcp -s 10.0.0.2 -d 8.8.8.8 -t 100000 --sport 1000 --dport 80 --state TIME_WAIT -n 61.1.1.1 -m 7",
  `-p tcp ${COMMON} --sport 1001 --dport 80 --state ESTABLISHED -g 192.168.1.1:8080 -u ASSURED,SEEN_REPLY`,
  `-p tcp ${COMMON} --sport 65535 --dport 1 --state SYN_SENT -m 4294967295`,
  `-p tcp ${COMMON} --sport 1002 --dport 443 --state CLOSE_WAIT -u SEEN_REPLY -m 0x17 -w 5`,
  `-p udp ${COMMON} --sport 1001 --dport 53 -n 61.1.1.1:4000 -g 192.168.1.1:5353 -u SEEN_REPLY`,
  `-p udp ${COMMON} --sport 1002 --dport 53 -n 61.1.1.2 -u SEEN_REPLY,ASSURED`,
  `-p icmp ${COMMON} --icmp-type 8 --icmp-code 0 --icmp-id 77`,
  "-p icmpv6 -s 2001:db8::3 -d 2001:db8::1:0:0:1 -t 1000 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 99",
  `-p sctp ${COMMON} --orig-port-src 5 --orig-port-dst 6 --state ESTABLISHED --orig-vtag 16843009 --reply-vtag 33686018`,
  `-p sctp ${COMMON} --orig-port-src 7 --orig-port-dst 8 --state SHUTDOWN_SENT --orig-vtag 1 --reply-vtag 2`,
  `-p gre ${COMMON} --srckey 0x201 --dstkey 0xffff`,
  `-p udplite ${COMMON} --sport 1001 --dport 53`,
  `-p 50 ${COMMON}`,
  "-p udp -s 10.0.0.9 -d 8.8.8.8 -t 1000 --sport 1001 --dport 53 -w 65535",
  "-p udp -s 10.0.0.9 -d 8.8.8.8 -t 1000 --sport 1002 --dport 53 --orig-zone 5",
  "-p udp -s 10.0.0.9 -d 8.8.8.8 -t 1000 --sport 1003 --dport 53 --reply-zone 6",
  "-p udp -s 2001:db8::1 -d ::ffff:0 -t 1000 --sport 1 --dport 2",
  "-p tcp -s 2001:0:0:1::2 -d ::1 -t 1000 --sport 1 --dport 2 --state LAST_ACK -n 2001:db8::77",
  "-p udp -s ::ffff:1.2.3.4 -d 0:0:1:: -t 1000 --sport 1 --dport 2",
];

/** A namespace with all kinds of entries; those of real traffic have labels, a mark and a helper. */
function filled(t: Parameters<typeof ownNamespace>[0]): string {
  const namespace = ownNamespace(t);
  for (const name of ["acct", "timestamp"]) writeSysctl(namespace, `net.netfilter.nf_conntrack_${name}`, "1");
  // Nothing may end during a test.
  for (const name of ["icmp_timeout", "udp_timeout", "udp_timeout_stream", "tcp_timeout_time_wait"]) {
    writeSysctl(namespace, `net.netfilter.nf_conntrack_${name}`, "1000");
  }
  runNft(
    namespace,
    `table inet mnflows {
  ct helper ftp-standard { type "ftp" protocol tcp; l3proto ip; }
  chain out {
    type filter hook output priority 0;
    ct label set 5; ct label set 77; ct mark set 0xff;
    tcp dport 21 ct helper set "ftp-standard"
  }
  chain nat { type nat hook output priority -100; udp dport 9999 dnat ip to 127.0.0.2:9; }
}
`,
  );
  const lines = ENTRIES.map((entry) => `-I ${entry}\n`).join("");
  const loaded = runInNamespace(namespace, "sh", ["-c", "cat | conntrack --load-file -"], { input: lines });
  assert.equal(loaded.status, 0, loaded.stderr);
  run(namespace, "ping", "-c", "1", "127.0.0.1");
  run(
    namespace,
    "bash",
    "-c",
    `socat -u TCP-LISTEN:21,bind=127.0.0.1 /dev/null & listener=$!
     for i in {1..50}; do echo hello > /dev/tcp/127.0.0.1/21 && break; sleep 0.1; done 2>/dev/null
     wait $listener; echo hello > /dev/udp/127.0.0.1/9999`,
  );
  return namespace;
}

function list(
  namespace: string,
  format: ListFormat,
  filter: FlowFilter = {},
  details: readonly LineDetail[] = [],
): { lines: string[]; report: FlowReport } {
  const directory = mkdtempSync(join(tmpdir(), "meganat-flows-"));
  try {
    const file = join(directory, "out");
    const fd = openSync(file, "w");
    const report = carryOut({ namespace, filter, task: { kind: "list", format, details, fd } });
    closeSync(fd);
    return { lines: readFileSync(file, "utf8").split("\n").slice(0, -1), report };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function conntrack(namespace: string, ...args: string[]): string[] {
  return run(namespace, "conntrack", "-L", ...args)
    .split("\n")
    .slice(0, -1);
}

/** What ticks: seconds left, and since the beginning. */
const TICKING = /(?<=^(?:ipv[46] +\d+ )?\S+ +\d+ )\d+|(?<=delta-time=)\d+/g;

/**
 * Ours between two of conntrack, with what ticks put aside: each such number must lie between conntrack's two. Taken
 * again if the host's table was resized meanwhile, which other namespaces may cause.
 */
function bothWays(namespace: string, format: ListFormat, args: string[], filter: FlowFilter = {}) {
  for (let attempt = 0; ; attempt++) {
    const before = conntrack(namespace, ...args);
    const { lines, report } = list(namespace, format, filter);
    const after = conntrack(namespace, ...args);
    const theirs = before.map(still);
    const isStill = !report.scan.resized && theirs.join() === after.map(still).join();
    if (!isStill && attempt < 5) continue;
    const ours = lines.map(still);
    if (isStill && ours.join() === theirs.join()) {
      for (const [i, line] of lines.entries()) assertBetween(line, before[i] ?? "", after[i] ?? "");
    }
    return { ours, theirs };
  }
}

function still(line: string): string {
  return line.replace(TICKING, "#");
}

function assertBetween(ours: string, before: string, after: string): void {
  const [one, two, middle] = [before, after, ours].map((line) => (line.match(TICKING) ?? []).map(Number));
  for (const [i, value] of (middle ?? []).entries()) {
    const [low, high] = [one?.[i] ?? Number.NaN, two?.[i] ?? Number.NaN].toSorted((a, b) => a - b);
    assert.ok(value >= (low ?? 0) && value <= (high ?? 0), `${before}\n${ours}\n${after}`);
  }
}

test("flows prints what conntrack -L prints, line by line, plain and extended", NEEDS_ROOT, (t) => {
  const namespace = filled(t);
  const plain = bothWays(namespace, "conntrack", []);
  assert.ok(plain.theirs.length >= ENTRIES.length + 2, `${plain.theirs.length} lines`);
  assert.deepEqual(plain.ours, plain.theirs);
  const extended = bothWays(namespace, "extended", ["-o", "extended"]);
  assert.deepEqual(extended.ours, extended.theirs);
  const without = list(namespace, "extended").report.scan;
  assert.deepEqual([without.malformed, without.unknownAttributes], [0, 0]);
});

/** Names each label by its number, as we do without such a file. */
const LABEL_FILE = Array.from({ length: 128 }, (_, bit) => `${bit} ${bit}`).join("\n");

test("flows adds what conntrack -o adds: id, times, labels", NEEDS_ROOT, (t) => {
  const namespace = filled(t);
  const oracle = mkdtempSync(join(tmpdir(), "meganat-labels-"));
  t.after(() => rmSync(oracle, { recursive: true, force: true }));
  run(undefined, "cp", "-a", "/etc/.", oracle);
  const file = join(oracle, "xtables/connlabel.conf");
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) writeFileSync(file, LABEL_FILE);
  // In a mount namespace of its own conntrack has names for all labels; the machine may have no such file.
  const mount = `mount --bind ${oracle} /etc`;
  const theirs = (form: string): string[] =>
    run(namespace, "unshare", "--mount", "sh", "-c", `${mount} && conntrack -L -o ${form}`).split("\n").slice(0, -1);
  for (const [form, format, details] of FORMS) {
    const ours = list(namespace, format, {}, details).lines.map(still);
    assert.deepEqual(ours, theirs(form).map(still), form);
  }
  const all = list(namespace, "extended", {}, LINE_DETAILS).lines.join("\n");
  assert.match(all, / id=\d+ labels=5,77$/m);
  assert.match(all, / \[start=[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}\] /);
});

const FORMS: readonly (readonly [form: string, format: ListFormat, details: readonly LineDetail[]])[] = [
  ["id", "conntrack", ["id"]],
  ["ktimestamp", "conntrack", ["ktimestamp"]],
  ["labels", "conntrack", ["labels"]],
  ["extended,id,ktimestamp,labels", "extended", LINE_DETAILS],
];

test("filters leave what conntrack's own leave", NEEDS_ROOT, (t) => {
  const namespace = filled(t);
  const address = (text: string) => {
    const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
    const first = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    return { v4: { first, last: first } };
  };
  const cases: readonly (readonly [args: string, filter: FlowFilter])[] = [
    ["-s 10.0.0.3", { source: address("10.0.0.3") }],
    ["-d 8.8.8.8 -p udp", { destination: address("8.8.8.8"), protocol: 17 }],
    ["-r 192.168.1.1", { replySource: address("192.168.1.1") }],
    ["-q 61.1.1.1", { replyDestination: address("61.1.1.1") }],
    ["-p tcp", { protocol: 6 }],
    ["-p tcp --state TIME_WAIT", { protocol: 6, state: "TIME_WAIT" }],
    ["-p tcp --state CLOSE_WAIT", { state: "CLOSE_WAIT" }],
    ["-p sctp --state ESTABLISHED", { protocol: 132, state: "ESTABLISHED" }],
    ["-p tcp --dport 80", { protocol: 6, destinationPort: { first: 80, last: 80 } }],
    ["-p udp --sport 1001", { protocol: 17, sourcePort: { first: 1001, last: 1001 } }],
    ["-p icmp", { protocol: 1 }],
    ["-m 7", { mark: { value: 7, mask: 0xffffffff } }],
    ["-m 7/0xf", { mark: { value: 7, mask: 0xf } }],
    ["-m 4294967295", { mark: { value: 0xffffffff, mask: 0xffffffff } }],
    ["-w 65535", { zone: 65535 }],
    ["-u ASSURED", { status: { value: 4, mask: 4 } }],
    ["-u SEEN_REPLY", { status: { value: 2, mask: 2 } }],
    ["-f ipv6", { family: 10 }],
    ["-f ipv6 -p udp", { family: 10, protocol: 17 }],
    ["-f ipv4 -p udp", { family: 2, protocol: 17 }],
    // Not for all protocols: conntrack compares tuples, and takes a ping to oneself for translated.
    ["-p udp --src-nat", { protocol: 17, status: { value: 16, mask: 16 } }],
    ["-p udp --dst-nat", { protocol: 17, status: { value: 32, mask: 32 } }],
  ];
  for (const [args, filter] of cases) {
    const { ours, theirs } = bothWays(namespace, "conntrack", args.split(" "), filter);
    assert.ok(theirs.length > 0, `${args}: conntrack shows none, so nothing is compared`);
    assert.deepEqual(ours.toSorted(), theirs.toSorted(), args);
  }
});

test("a zone is found that one direction alone is in, which conntrack -w leaves out", NEEDS_ROOT, (t) => {
  const namespace = filled(t);
  assert.equal(conntrack(namespace, "-w", "5").length, 1);
  const { lines } = list(namespace, "conntrack", { zone: 5 });
  const zones = new Set(lines.map((line) => /zone[-a-z]*=\d+/.exec(line)?.[0]));
  assert.deepEqual([lines.length, zones], [2, new Set(["zone-orig=5", "zone=5"])]);
});

test("as JSON every attribute is there", NEEDS_ROOT, (t) => {
  const namespace = filled(t);
  const objects = list(namespace, "json").lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(objects.length, conntrack(namespace).length);
  const find = (protocol: string, port: number) =>
    objects.find(
      (one) =>
        one["protocol"] === protocol && (one["original"] as { destinationPort?: number }).destinationPort === port,
    ) ?? assert.fail(`${protocol} ${port}`);
  const ftp = find("tcp", 21);
  assert.deepEqual(ftp["labels"], [5, 77]);
  assert.equal(ftp["mark"], 0xff);
  assert.match(String(ftp["start"]), /^\d{19}$/);
  assert.equal(ftp["helper"], "ftp");
  assert.deepEqual(Object.keys(ftp["tcp"] as object), [
    "windowScaleOriginal",
    "windowScaleReply",
    "flagsOriginal",
    "flagsReply",
  ]);
  assert.match(String((ftp["original"] as { packets?: string }).packets), /^[1-9]$/);
  const sctp = find("sctp", 6);
  // The same in both byte orders: conntrack 1.4.7 sends them in the host's.
  assert.deepEqual(sctp["sctp"], { verificationTagOriginal: 0x01010101, verificationTagReply: 0x02020202 });
  const forward = find("udp", 9999);
  assert.deepEqual((forward["reply"] as { source?: string }).source, "127.0.0.2");
  assert.ok((forward["status"] as string[]).includes("dnat"));
  const zoned = objects.filter((one) => (one["original"] as { zone?: number }).zone === 5);
  assert.equal(zoned.length, 1);
});

test("delete removes what the filter leaves, and nothing else", NEEDS_ROOT, async (t) => {
  const namespace = filled(t);
  const before = new Set(conntrack(namespace, "-p", "udp").map(still));
  const zoned = await readFlows({ namespace, filter: { protocol: 17, zone: 5 }, task: { kind: "delete" } });
  assert.deepEqual(zoned.deleted, { removed: 1, missed: 0 });
  const after = new Set(conntrack(namespace, "-p", "udp").map(still));
  assert.deepEqual(
    [...before].filter((line) => !after.has(line)).map((line) => line.includes("zone-orig=5")),
    [true],
  );
  const all = await readFlows({ namespace, filter: {}, task: { kind: "delete" } });
  assert.equal(all.deleted?.missed, 0);
  assert.equal(all.deleted?.removed, all.matched);
  assert.deepEqual(conntrack(namespace), []);
});

test("summaries count each connection once", NEEDS_ROOT, async (t) => {
  const namespace = filled(t);
  const total = conntrack(namespace).length;
  for (const by of ["subscriber", "pool", "destination", "state", "protocol", "port", "timeout"] as const) {
    const { summary } = await readFlows({ namespace, filter: {}, task: { kind: "summary", by, top: 100 } });
    assert.equal(summary?.connections, total, by);
    assert.equal(
      summary.top.reduce((sum, row) => sum + row.connections, 0),
      total,
      by,
    );
    assert.equal(summary.keys, summary.top.length);
  }
  const { summary } = await readFlows({ namespace, filter: {}, task: { kind: "summary", by: "protocol", top: 100 } });
  for (const { key, connections } of summary?.top ?? []) {
    assert.equal(connections, conntrack(namespace, "-p", key).length, key);
  }
});
