import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { addVeth, setLinkUp } from "../../src/kernel/route/link.ts";
import { addAddress } from "../../src/kernel/route/address.ts";
import { addRoute } from "../../src/kernel/route/route.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { writeSysctl } from "../../src/kernel/sysctl.ts";
import { compareSnapshots, takeSnapshot, type CounterSnapshot } from "../../src/observe/counters/snapshot.ts";
import { COUNTER_WORDS } from "../../src/observe/counters/words.ts";
import { meganatHere } from "../cli/run-meganat.ts";
import { NEEDS_CONTAINERS, meganatInContainer, meganatPowerless } from "../fixtures/as-others.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

/** Two namespaces joined by a wire, the first a router that drops, refuses and translates a little. */
function router(t: TestContext): { readonly name: string; readonly host: string } {
  const [name, host] = [ownNamespace(t), ownNamespace(t)];
  addVeth(name, "lan", host, "lan");
  for (const [namespace, address] of [
    [name, "10.0.0.1"],
    [host, "10.0.0.2"],
  ] as const) {
    writeSysctl(namespace, "net.ipv6.conf.all.disable_ipv6", "1");
    addAddress(namespace, { interface: "lan", address, length: 24 });
    setLinkUp(namespace, "lan", true);
  }
  addRoute(host, { destination: "0.0.0.0/0", via: "10.0.0.1" });
  writeSysctl(name, "net.ipv4.ip_forward", "1");
  runNft(
    name,
    `table ip shop {
  counter named { }
  set seen { type ipv4_addr; flags dynamic; counter; elements = { 10.0.0.2 } }
  chain in {
    type filter hook input priority 0;
    ip saddr @seen
    ip protocol icmp counter name named
    ip saddr 10.0.0.2 icmp type echo-request counter comment "pings"
    udp dport 9 counter drop
  }
}
`,
  );
  run(name, "iptables-legacy", "-t", "mangle", "-A", "INPUT", "-p", "icmp", "-j", "ACCEPT");
  return { name, host };
}

/** Packets of all kinds: answered, dropped by a rule, without a route, for a closed port. */
function traffic(host: string): void {
  run(host, "ping", "-q", "-c", "3", "-i", "0.01", "10.0.0.1");
  run(host, "bash", "-c", "for port in 9 9 11; do echo x > /dev/udp/10.0.0.1/$port; done");
  run(host, "sh", "-c", "ping -q -c 2 -i 0.01 -W 1 198.51.100.1 || true");
}

/** Ours, taken before and after the oracle until nothing was counted in between. */
function atOneMoment<T>(namespace: string, oracle: () => T): { ours: CounterSnapshot; theirs: T } {
  for (let attempt = 0; ; attempt++) {
    const ours = takeSnapshot(namespace);
    const theirs = oracle();
    const again = takeSnapshot(namespace);
    if (attempt === 20 || JSON.stringify(ownValues(ours)) === JSON.stringify(ownValues(again))) return { ours, theirs };
  }
}

/** Without what belongs to the whole host, where others are at work. */
function ownValues({ readings }: CounterSnapshot): unknown {
  return Object.entries(readings).filter(
    ([name]) => COUNTER_WORDS[name]?.host !== true && !name.startsWith("neighbour"),
  );
}

function value(snapshot: CounterSnapshot, name: string): number {
  return snapshot.readings[name]?.value ?? assert.fail(`no ${name}`);
}

const CONNTRACK_WORDS: Readonly<Record<string, string>> = {
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

test("counters are those of conntrack -S, nstat, ip -s link and tc -s at the same moment", NEEDS_ROOT, (t) => {
  const { name, host } = router(t);
  run(name, "tc", "qdisc", "add", "dev", "lan", "root", "tbf", "rate", "1mbit", "burst", "2kb", "limit", "2kb");
  traffic(host);
  const { ours, theirs } = atOneMoment(name, () => ({
    conntrack: run(name, "conntrack", "-S").trim().split("\n"),
    count: run(name, "conntrack", "-C").trim(),
    nstat: JSON.parse(run(name, "nstat", "-asz", "-j")) as { kernel: Record<string, number> },
    links: JSON.parse(run(name, "ip", "-s", "-j", "link")) as {
      ifname: string;
      stats64: Record<"rx" | "tx", Record<string, number>>;
    }[],
    queues: JSON.parse(run(name, "tc", "-s", "-j", "qdisc", "show", "dev", "lan")) as Record<string, number>[],
  }));
  assert.equal(String(value(ours, "conntrack.count")), theirs.count);
  for (const [word, theirWord] of Object.entries(CONNTRACK_WORDS)) {
    const cpus = theirs.conntrack.map((line) => Number(new RegExp(`\\b${theirWord}=(\\d+)`).exec(line)?.[1]));
    assert.deepEqual(Object.values(ours.readings[`conntrack.${word}`]?.cpus ?? {}), cpus, word);
  }
  let compared = 0;
  for (const wanted of Object.keys(COUNTER_WORDS)) {
    const [group = "", field = ""] = wanted.split(".");
    if (!/^[A-Z]/.test(group) || wanted === "Ip.Forwarding") continue;
    const theirName = `${group}${field}`;
    if (!(theirName in theirs.nstat.kernel)) continue;
    assert.equal(value(ours, wanted), theirs.nstat.kernel[theirName], wanted);
    compared++;
  }
  assert.ok(compared > 40, `${compared} compared`);
  assert.ok(value(ours, "Udp.NoPorts") >= 1 && value(ours, "IpExt.InNoRoutes") >= 2);
  for (const { ifname, stats64 } of theirs.links) {
    for (const [field, theirField] of [
      ["Packets", "packets"],
      ["Bytes", "bytes"],
      ["Errors", "errors"],
      ["Dropped", "dropped"],
    ] as const) {
      for (const way of ["rx", "tx"] as const) {
        assert.equal(value(ours, `interface.${ifname}.${way}${field}`), stats64[way][theirField], `${ifname} ${way}`);
      }
    }
  }
  const [queue] = theirs.queues;
  for (const field of ["packets", "bytes", "drops", "overlimits", "requeues"]) {
    assert.equal(value(ours, `queue.lan.root.${field}`), queue?.[field], field);
  }
  assert.equal(ours.texts["queue.lan.root"], "tbf");
});

test("rules, named counters, elements and iptables-legacy count what passed", NEEDS_ROOT, (t) => {
  const { name, host } = router(t);
  const before = takeSnapshot(name);
  traffic(host);
  const after = takeSnapshot(name);
  const { changes } = compareSnapshots(before, after);
  const counted = Object.entries(changes)
    .filter(([id, { delta }]) => /^(rule|counter|set|element)\..*packets$/.test(id) && (delta ?? 0) > 0)
    .map(([id, { delta }]) => [after.texts[id.replace(/\.packets$/, "")], delta] as const);
  const counts = new Map(counted);
  assert.equal(counts.get('ip saddr 10.0.0.2 icmp type echo-request counter comment "pings"'), 3);
  assert.equal(counts.get("udp dport 9 counter drop"), 2);
  assert.equal(counts.get("-p icmp -j ACCEPT"), 3);
  assert.equal(counts.get("counter named"), 3);
  assert.equal(counts.get("all 1 elements of set seen"), 6);
  assert.deepEqual(
    after.missing.map(({ group }) => group),
    ["neighbour", "neighbour"],
  );
});

test("the command: values, changes and rates as one object, and sections for people", NEEDS_ROOT, async (t) => {
  const { name, host } = router(t);
  traffic(host);
  const json = await meganatHere(["stats", "--json", "--interval", "0.05", "--netns", name]);
  assert.equal(json.status, 0, json.stderr);
  const { counters, seconds, hostNamespace, missing } = JSON.parse(json.stdout) as {
    counters: Record<string, Record<string, unknown>>;
    seconds: number;
    hostNamespace: boolean;
    missing: { group: string; why: string; remedy: string }[];
  };
  assert.ok(seconds >= 0.05);
  assert.equal(hostNamespace, false);
  const { kind, bits, before, delta, tells, scope, words } = counters["conntrack.drop"] ?? {};
  assert.deepEqual([kind, bits, before, delta, tells, scope], ["counter", 32, 0, 0, "loss", "namespace"]);
  assert.match(String(words), /table full/);
  assert.deepEqual(
    missing.map(({ group }) => group),
    ["neighbour", "neighbour"],
  );
  const text = await meganatHere(["stats", "--interval", "0", "--cpus", "--netns", name]);
  for (const expected of [/\d of [\d,]+ connections/, /Rules\n/, /udp dport 9 counter drop/, /CPU 0/, /Not seen\n/]) {
    assert.match(text.stdout, expected);
  }
});

test("without capabilities: what /proc shows to all, and what is missing and why", NEEDS_ROOT, () => {
  const { status, stdout, stderr } = meganatPowerless("stats", "--json", "--interval", "0");
  assert.equal(status, 0, stderr);
  const { counters, missing } = JSON.parse(stdout) as {
    counters: Record<string, { value: number }>;
    missing: { what: string; why: string }[];
  };
  for (const name of [
    "conntrack.count",
    "conntrack.drop",
    "Ip.InReceives",
    "softnet.processed",
    "interface.lo.rxBytes",
  ]) {
    assert.ok(name in counters, name);
  }
  assert.deepEqual(
    missing.map(({ what }) => what),
    ["number of expectations", "rules of nftables"],
  );
  for (const { why } of missing) assert.match(why, /permitted/);
});

test("in a container of its own: its counters, and what belongs to the host is named", NEEDS_CONTAINERS, () => {
  const { status, stdout, stderr } = meganatInContainer("stats", "--json", "--interval", "0");
  assert.equal(status, 0, stderr);
  const { counters, missing, hostNamespace } = JSON.parse(stdout) as {
    counters: Record<string, { value: number }>;
    missing: { what: string }[];
    hostNamespace: boolean;
  };
  assert.equal(hostNamespace, false);
  assert.equal(counters["conntrack.drop"]?.value, 0);
  assert.ok(missing.some(({ what }) => what === "unresolved discards of arp_cache"));
});
