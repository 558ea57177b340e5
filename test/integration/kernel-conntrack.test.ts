import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../src/address/ipv4.ts";
import { STATUS } from "../../src/kernel/conntrack/connection.ts";
import { connectionOf } from "../../src/kernel/conntrack/decode-connection.ts";
import { protocolState } from "../../src/kernel/conntrack/entry-protocol.ts";
import { lookupConnection } from "../../src/kernel/conntrack/lookup.ts";
import { removeMarkedConnections } from "../../src/kernel/conntrack/remove.ts";
import { readSteadily, scanConntrack } from "../../src/kernel/conntrack/scan.ts";
import {
  readConntrackCount,
  readConntrackStats,
  type ConntrackCounter,
  type ConntrackStatistics,
} from "../../src/kernel/conntrack/statistics.ts";
import type { Tuple } from "../../src/kernel/conntrack/tuple.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { addAddress } from "../../src/kernel/route/address.ts";
import { addVeth, setLinkUp } from "../../src/kernel/route/link.ts";
import { addRoute } from "../../src/kernel/route/route.ts";
import { readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";
import type { TestContext } from "node:test";

const TCP = 6;
const UDP = 17;
const EVERYTHING = { family: 0 } as const;

/** Names of conntrack(8) -S by ours. */
const WORDS: Partial<Record<ConntrackCounter, string>> = {
  found: "found",
  invalid: "invalid",
  insert: "insert",
  insertFailed: "insert_failed",
  drop: "drop",
  earlyDrop: "early_drop",
  error: "error",
  searchRestart: "search_restart",
  clashResolve: "clash_resolve",
  chainTooLong: "chaintoolong",
};

/** Three namespaces in a row; the middle one translates 10.0.0.0/24 to 61.1.1.1. */
function gateway(t: TestContext): { inside: string; gateway: string; outside: string } {
  const [inside, middle, outside] = [ownNamespace(t), ownNamespace(t), ownNamespace(t)];
  addVeth(middle, "lan", inside, "eth0");
  addVeth(middle, "wan", outside, "eth0");
  const addresses = [
    [middle, "lan", "10.0.0.1"],
    [inside, "eth0", "10.0.0.2"],
    [middle, "wan", "61.1.1.1"],
    [outside, "eth0", "61.1.1.2"],
  ] as const;
  for (const [namespace, name, address] of addresses) {
    addAddress(namespace, { interface: name, address, length: 24 });
    setLinkUp(namespace, name, true);
  }
  addRoute(inside, { destination: "0.0.0.0/0", via: "10.0.0.1" });
  writeSysctl(middle, "net.ipv4.ip_forward", "1");
  runNft(
    middle,
    `table ip mnk {
  chain post { type nat hook postrouting priority srcnat; oifname "wan" snat to 61.1.1.1; }
}
`,
  );
  return { inside, gateway: middle, outside };
}

/** Ours and those of conntrack -S of one moment: taken again if something was counted in between. */
function statisticsBothWays(namespace: string): { ours: ConntrackStatistics; rows: Map<string, number>[] } {
  for (let attempt = 0; ; attempt++) {
    const ours = readConntrackStats(namespace);
    const rows = run(namespace, "conntrack", "-S")
      .trim()
      .split("\n")
      .map((line) => new Map(Array.from(line.matchAll(/(\w+)=(\d+)/g), ([, key = "", value]) => [key, Number(value)])));
    if (attempt === 20 || JSON.stringify(readConntrackStats(namespace)) === JSON.stringify(ours)) return { ours, rows };
  }
}

test("count and statistics agree with conntrack -C and -S", NEEDS_ROOT, (t) => {
  const { inside, gateway: middle } = gateway(t);
  assert.equal(readConntrackCount(middle), 0);
  run(inside, "ping", "-c", "2", "-i", "0.2", "61.1.1.2");
  assert.equal(readConntrackCount(middle), 1);
  assert.equal(run(middle, "conntrack", "-C").trim(), "1");
  const { ours, rows } = statisticsBothWays(middle);
  const { cpus, sum, counted } = ours;
  assert.equal(cpus.length, rows.length);
  for (const name of counted) {
    const word = WORDS[name] ?? assert.fail(`conntrack -S is not known to show ${name}`);
    assert.deepEqual(
      cpus.map((row) => row[name]),
      rows.map((row) => row.get(word)),
      name,
    );
    assert.equal(
      sum[name],
      cpus.reduce((total, row) => total + row[name], 0),
      name,
    );
  }
  assert.deepEqual(
    cpus.map((row) => row.cpu),
    rows.map((row) => row.get("cpu")),
  );
  assert.ok(counted.has("insertFailed") && counted.has("drop"));
});

test("a translated ping is found by the tuple of either direction", NEEDS_ROOT, (t) => {
  const { inside, gateway: middle } = gateway(t);
  run(inside, "ping", "-c", "1", "-e", "1234", "61.1.1.2");
  const echo: Tuple = {
    source: "10.0.0.2",
    destination: "61.1.1.2",
    protocol: 1,
    sourcePort: 1234,
    destinationPort: 8 << 8,
  };
  const found = lookupConnection(middle, echo) ?? assert.fail("not found");
  assert.deepEqual(found.original, echo);
  assert.deepEqual(found.reply, {
    source: "61.1.1.2",
    destination: "61.1.1.1",
    protocol: 1,
    sourcePort: 1234,
    destinationPort: 0,
  });
  const translated = STATUS.sourceNat | STATUS.sourceNatDone | STATUS.destinationNatDone;
  assert.equal(found.status & translated, translated);
  assert.equal(found.status & STATUS.seenReply, STATUS.seenReply);
  assert.equal(found.status & STATUS.destinationNat, 0);
  assert.ok(found.timeout > 0 && found.timeout <= 30);
  assert.equal(lookupConnection(middle, found.reply)?.id, found.id);
  assert.equal(lookupConnection(middle, echo, 7), undefined);
  assert.equal(lookupConnection(middle, { ...echo, sourcePort: 1235 }), undefined);
  assert.equal(lookupConnection(inside, echo), undefined);
});

test("entries of all kinds are read as conntrack -L shows them", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  writeSysctl(namespace, "net.netfilter.nf_conntrack_acct", "1");
  const common = ["-s", "10.0.0.2", "-d", "8.8.8.8", "-t", "100"];
  run(
    namespace,
    "conntrack",
    "-I",
    "-p",
    "tcp",
    ...common,
    "--sport",
    "1000",
    "--dport",
    "80",
    "--state",
    "TIME_WAIT",
    "-n",
    "61.1.1.1",
    "-m",
    "4294967295",
  );
  run(
    namespace,
    "conntrack",
    "-I",
    "-p",
    "udp",
    ...common,
    "--sport",
    "65535",
    "--dport",
    "53",
    "-w",
    "65535",
    "-u",
    "ASSURED,SEEN_REPLY",
  );
  run(namespace, "conntrack", "-I", "-p", "gre", ...common, "--srckey", "513", "--dstkey", "514");
  run(
    namespace,
    "conntrack",
    "-I",
    "-p",
    "udp",
    "-s",
    "2001:db8::1",
    "-d",
    "2001:db8:0:1::2",
    "-t",
    "100",
    "--sport",
    "1",
    "--dport",
    "2",
  );
  const entries: string[] = [];
  scanConntrack(namespace, EVERYTHING, (entry) => {
    const { original, reply, tcpState, mark, zone, originalCounters } = connectionOf(entry);
    entries.push(
      [
        `${original.protocol} ${tcpState ?? "-"} ${original.source}:${original.sourcePort} > ${original.destination}:${original.destinationPort}`,
        `${reply.source}:${reply.sourcePort} > ${reply.destination}:${reply.destinationPort}`,
        `mark ${mark} zone ${zone} packets ${originalCounters?.packets}`,
      ].join(", "),
    );
  });
  assert.deepEqual(entries.toSorted(), [
    "17 - 10.0.0.2:65535 > 8.8.8.8:53, 8.8.8.8:53 > 10.0.0.2:65535, mark 0 zone 65535 packets 0",
    "17 - 2001:db8::1:1 > 2001:db8:0:1::2:2, 2001:db8:0:1::2:2 > 2001:db8::1:1, mark 0 zone 0 packets 0",
    "47 - 10.0.0.2:513 > 8.8.8.8:514, 8.8.8.8:514 > 10.0.0.2:513, mark 0 zone 0 packets 0",
    "6 TIME_WAIT 10.0.0.2:1000 > 8.8.8.8:80, 8.8.8.8:80 > 61.1.1.1:1000, mark 4294967295 zone 0 packets 0",
  ]);
  const assured = lookupConnection(
    namespace,
    { source: "10.0.0.2", destination: "8.8.8.8", protocol: UDP, sourcePort: 65535, destinationPort: 53 },
    65535,
  );
  assert.equal((assured?.status ?? 0) & (STATUS.assured | STATUS.seenReply), STATUS.assured | STATUS.seenReply);
  const six: Tuple = {
    source: "2001:db8::1",
    destination: "2001:db8:0:1:0:0:0:2",
    protocol: UDP,
    sourcePort: 1,
    destinationPort: 2,
  };
  assert.equal(lookupConnection(namespace, six)?.original.destination, "2001:db8:0:1::2");
  // The kernel filters by family.
  const families: number[] = [];
  const sixes = scanConntrack(namespace, { family: 10 }, ({ family }) => void families.push(family));
  assert.deepEqual([sixes.entries, sixes.complete], [1, true]);
  assert.deepEqual(families, [10]);
});

test("the connections of a mark are removed, and no others", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  for (const [index, mark] of [0x100000, 0x100001, 0x200000, 0].entries()) {
    const ends = ["-s", "10.0.0.1", "-d", "8.8.8.8", "--sport", String(1000 + index), "--dport", "80"];
    run(namespace, "conntrack", "-I", "-p", "tcp", "--state", "ESTABLISHED", "-t", "600", ...ends, "-m", String(mark));
  }
  removeMarkedConnections(namespace, 0x100000, 0xf00000);
  const left = run(namespace, "conntrack", "-L").match(/mark=\d+/g);
  assert.deepEqual(left?.toSorted(), ["mark=0", "mark=2097152"]);
  removeMarkedConnections(namespace, 0x100000, 0xf00000);
});

test("a table of 5,000 entries: none lost, none twice, and the visitor may stop", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const expected = new Set<string>();
  const lines: string[] = [];
  for (let i = 0; i < 5000; i++) {
    const source = formatIpv4(0x0a000000 + (i % 250) + 1);
    const port = 1024 + i;
    expected.add(`${source}:${port}`);
    lines.push(
      `-I -p tcp -s ${source} -d 9.9.9.9 --sport ${port} --dport 443 --state ESTABLISHED -t 300 -n 61.1.1.1\n`,
    );
  }
  // By a pipe: conntrack opens /dev/stdin, which cannot be done with the socket that Node.js gives it.
  const loaded = runInNamespace(namespace, "sh", ["-c", "cat | conntrack --load-file -"], { input: lines.join("") });
  assert.equal(loaded.status, 0, loaded.stderr);
  assert.equal(readConntrackCount(namespace), 5000);
  const seen = new Set<string>();
  const result = scanConntrack(namespace, EVERYTHING, (entry) => {
    const { family, original, reply } = entry;
    assert.deepEqual([family, original.protocol, protocolState(entry)], [2, TCP, 3]);
    assert.deepEqual([original.destination, original.destinationPort], [0x09090909, 443]);
    assert.deepEqual([reply.source, reply.destination, reply.sourcePort], [0x09090909, 0x3d010101, 443]);
    seen.add(`${formatIpv4(original.source)}:${original.sourcePort}`);
  });
  assert.deepEqual([result.entries, result.complete], [5000, true]);
  assert.deepEqual(seen, expected);
  let first = 0;
  const stopped = scanConntrack(namespace, EVERYTHING, () => ++first < 10);
  assert.deepEqual([stopped.entries, stopped.complete, first], [10, false, 10]);
});

test("nonsense in a tuple is refused before the kernel is asked", () => {
  const tuple: Tuple = {
    source: "10.0.0.256",
    destination: "8.8.8.8",
    protocol: TCP,
    sourcePort: 1,
    destinationPort: 2,
  };
  assert.throws(() => lookupConnection(undefined, tuple), TypeError);
});

test(
  "what reads the table begins again when the hash table is given another size, three times at most",
  NEEDS_ROOT,
  (t) => {
    const name = ownNamespace(t);
    const size = "net.netfilter.nf_conntrack_buckets";
    const before = Number(readSysctl(undefined, size));
    let resized = 0;
    t.after(() => writeSysctl(undefined, size, String(before)));
    for (const [resizes, readings] of [
      [0, 1],
      [1, 2],
      [9, 3],
    ] as const) {
      let read = 0;
      const result = readSteadily(name, () => {
        if (read++ < resizes) writeSysctl(undefined, size, String(before + 4096 * ++resized));
        return read;
      });
      assert.equal(result, readings);
    }
  },
);
