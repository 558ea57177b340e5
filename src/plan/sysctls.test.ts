import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gateway } from "../config/gateway.ts";
import { campus, host, ip, prefix, ranges, sourceNat, STOCK_SYSCTLS } from "../../test/fixtures/gateways.ts";
import type { HostFacts } from "./host-facts.ts";
import { planGateway } from "./plan-gateway.ts";

/** Proposals in short: name, now, proposed, and what marks them. */
function short(gateway: Gateway, facts: HostFacts): string[] {
  return planGateway(gateway, facts).sysctls.map((s) => {
    assert.ok(s.reason.length > 10, s.name);
    const marks = [s.scope, ...(s.atLeast === true ? ["at least"] : []), ...(s.writable ? [] : ["locked"])];
    return `${s.name}: ${s.now ?? "-"} -> ${s.proposed} (${marks.join(", ")})`;
  });
}

const kernelTimers = { ...campus().capacity, timeouts: { profile: "kernel", seconds: {} } } as const;

test("the campus on a stock host", () => {
  assert.deepEqual(short(campus(), host()), [
    "net.ipv4.ip_forward: 0 -> 1 (namespace)",
    "net.ipv4.ip_early_demux: 1 -> 0 (namespace)",
    "net.netfilter.nf_conntrack_max: 262144 -> 2125312 (host, at least)",
    "net.netfilter.nf_conntrack_buckets: 262144 -> 8501248 (host, at least)",
    "net.netfilter.nf_conntrack_tcp_timeout_syn_sent: 120 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_syn_recv: 60 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_established: 432000 -> 7440 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_fin_wait: 120 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait: 60 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_last_ack: 30 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait: 120 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_tcp_timeout_close: 10 -> 240 (namespace)",
    "net.netfilter.nf_conntrack_udp_timeout: 30 -> 120 (namespace)",
    "net.netfilter.nf_conntrack_udp_timeout_stream: 120 -> 300 (namespace)",
    "net.netfilter.nf_conntrack_icmp_timeout: 30 -> 60 (namespace)",
    "net.ipv4.neigh.default.gc_thresh1: 128 -> 10000 (host, at least)",
    "net.ipv4.neigh.default.gc_thresh2: 512 -> 20000 (host, at least)",
    "net.ipv4.neigh.default.gc_thresh3: 1024 -> 40000 (host, at least)",
  ]);
});

test("what is right or larger already is left alone", () => {
  const sysctls = {
    "net.ipv4.ip_forward": "1",
    "net.netfilter.nf_conntrack_max": "2125312",
    "net.netfilter.nf_conntrack_buckets": "8501248",
    "net.ipv4.ip_early_demux": "0",
    "net.ipv4.neigh.default.gc_thresh1": "10000",
    "net.ipv4.neigh.default.gc_thresh2": "50000",
    "net.ipv4.neigh.default.gc_thresh3": "40000",
  };
  assert.deepEqual(short(campus({ capacity: kernelTimers }), host({ sysctls })), []);
});

test("the settings the plan asks for are not asked for again", () => {
  const first = planGateway(campus(), host());
  const sysctls = Object.fromEntries(first.sysctls.map(({ name, proposed }) => [name, proposed]));
  assert.deepEqual(short(campus(), host({ sysctls })), []);
});

test("forwarding off on one link matters only where it is on as a whole", () => {
  const off = { "net.ipv4.conf.bond1.forwarding": "0", "net.ipv4.conf.bond0.forwarding": "1" };
  const forwarding = (sysctls: Record<string, string>): string[] =>
    short(campus(), host({ sysctls })).filter((line) => line.includes("forward"));
  assert.deepEqual(forwarding({ ...off, "net.ipv4.ip_forward": "1" }), [
    "net.ipv4.conf.bond1.forwarding: 0 -> 1 (namespace)",
  ]);
  assert.deepEqual(forwarding(off), ["net.ipv4.ip_forward: 0 -> 1 (namespace)"]);
});

test("a namespace that is not the host's: host-wide settings are locked, the others are not", () => {
  const names = ["net.ipv4.ip_forward", ...Object.keys(STOCK_SYSCTLS).filter((name) => name.includes("timeout"))];
  const sysctls = Object.fromEntries(Object.entries(STOCK_SYSCTLS).filter(([name]) => !name.includes("gc_thresh")));
  const facts = { ...host(), sysctls, writable: new Set(names), isHostNamespace: false };
  assert.deepEqual(short(campus({ capacity: kernelTimers }), facts), [
    "net.ipv4.ip_forward: 0 -> 1 (namespace)",
    "net.netfilter.nf_conntrack_max: 262144 -> 2125312 (host, at least, locked)",
    "net.netfilter.nf_conntrack_buckets: 262144 -> 8501248 (host, at least, locked)",
    "net.ipv4.neigh.default.gc_thresh1: - -> 10000 (host, at least, locked)",
    "net.ipv4.neigh.default.gc_thresh2: - -> 20000 (host, at least, locked)",
    "net.ipv4.neigh.default.gc_thresh3: - -> 40000 (host, at least, locked)",
  ]);
});

test("reverse path filtering: loose where it is strict and answers come another way", () => {
  const [wan, lan] = campus().links;
  assert.ok(wan !== undefined && lan !== undefined);
  const second = { name: "wan2", interface: "eth0.7", addresses: [prefix("62.0.0.2/24")], gateway: ip("62.0.0.1") };
  const twoUplinks = campus({ links: [wan, second, lan] });
  const twice = campus({
    twiceNat: [
      {
        name: "branch",
        inside: { link: "lan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.1.1.0/24") },
        outside: { link: "wan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.2.2.0/24") },
      },
    ],
  });
  const table: [gateway: Gateway, sysctls: Record<string, string>, expected: string[]][] = [
    [campus(), { "net.ipv4.conf.all.rp_filter": "1" }, []],
    [twoUplinks, {}, []],
    [
      twoUplinks,
      {
        "net.ipv4.conf.all.rp_filter": "1",
        "net.ipv4.conf.bond0.rp_filter": "2",
        "net.ipv4.conf.eth0/7.rp_filter": "0",
      },
      ["net.ipv4.conf.eth0/7.rp_filter: 0 -> 2 (namespace)"],
    ],
    [twoUplinks, { "net.ipv4.conf.all.rp_filter": "2", "net.ipv4.conf.bond0.rp_filter": "1" }, []],
    [twice, { "net.ipv4.conf.bond0.rp_filter": "1" }, ["net.ipv4.conf.bond0.rp_filter: 1 -> 2 (namespace)"]],
    [twice, { "net.ipv4.conf.default.rp_filter": "1" }, ["net.ipv4.conf.bond0.rp_filter: - -> 2 (namespace)"]],
    [twice, { "net.ipv4.conf.bond1.rp_filter": "1" }, []],
  ];
  for (const [gateway, sysctls, expected] of table) {
    assert.deepEqual(
      short(gateway, host({ sysctls })).filter((line) => line.includes("rp_filter")),
      expected,
    );
  }
});

test("proxy ARP answers at once on the link the pool is reached by", () => {
  const pools = campus().pools.map((pool) => ({ ...pool, reachedBy: "proxy-arp" as const }));
  const lines = short(campus({ pools }), host({ sysctls: { "net.ipv4.neigh.bond0.proxy_delay": "80" } }));
  assert.deepEqual(
    lines.filter((line) => line.includes("proxy_delay")),
    ["net.ipv4.neigh.bond0.proxy_delay: 80 -> 0 (namespace)"],
  );
});

test("neighbours: only those on a link themselves, and no more than the file says there are", () => {
  const hosts = (gateway: Gateway): unknown => planGateway(gateway, host()).neighbours;
  const lan = (address: string) => [
    { name: "wan", interface: "bond0", addresses: [prefix("61.138.177.2/27")], gateway: ip("61.138.177.1") },
    { name: "lan", interface: "bond1", addresses: [prefix(address)] },
  ];
  const rule = (from: string) => [sourceNat(from, { blocks: 64 })];
  const uncounted = { connectionsPerSubscriber: 1, timeouts: { profile: "rfc", seconds: {} } } as const;
  const onLan = (count: number) => ({
    links: count === 0 ? [] : [{ link: "lan", interface: "bond1", hosts: count }],
    hosts: count,
  });
  const table: [gateway: Gateway, expected: object][] = [
    [campus({ sourceNat: rule("10.10.0.0/16") }), onLan(10_000)],
    [campus({ sourceNat: rule("10.10.0.0/16"), capacity: uncounted }), onLan(65_536)],
    [campus({ links: lan("10.10.1.1/24"), portForwards: [] }), onLan(256)],
    [campus({ links: lan("10.9.0.1/24"), portForwards: [] }), onLan(0)],
    [
      campus({ links: lan("10.9.0.1/24"), portForwards: [], sourceNat: rule("10.9.0.128-10.9.1.255,10.9.0.0/25") }),
      onLan(256),
    ],
    [
      campus({ sourceNat: [sourceNat("10.10.0.0/24", { except: ranges("10.10.0.0/25") })], capacity: uncounted }),
      onLan(128),
    ],
  ];
  for (const [gateway, expected] of table) assert.deepEqual(hosts(gateway), expected);
});
