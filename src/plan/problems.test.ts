import assert from "node:assert/strict";
import { test } from "node:test";
import type { Capacity, Gateway, TimeoutName } from "../config/gateway.ts";
import {
  campus,
  forward,
  host,
  ip,
  ports,
  prefix,
  ranges,
  sourceNat,
  STOCK_SYSCTLS,
} from "../../test/fixtures/gateways.ts";
import { LIMIT_PROBLEM_CASES } from "../../test/fixtures/limit-problem-cases.ts";
import { UPLINK_PROBLEM_CASES } from "../../test/fixtures/uplink-problem-cases.ts";
import type { HostFacts } from "./host-facts.ts";
import { isApplicable, planGateway } from "./plan-gateway.ts";
import { PLAN_PROBLEM_CODES } from "./problem-codes.ts";

/** Every problem in one line: severity, code, place, message, fix. */
function problems(gateway: Gateway, facts: HostFacts = host()): string[] {
  return planGateway(gateway, facts).problems.map(
    (p) => `${p.severity} ${p.code} ${p.path.join(".")}: ${p.message} | ${p.fix}`,
  );
}

const capacity = (changes: Partial<Capacity>): Capacity => ({ ...campus().capacity, ...changes });
const unrated = (subscribers: number, connectionsPerSubscriber: number): Capacity => ({
  subscribers,
  connectionsPerSubscriber,
  timeouts: { profile: "rfc", seconds: {} },
});
const timers = (profile: "rfc" | "paper" | "kernel", seconds: Partial<Record<TimeoutName, number>> = {}) =>
  capacity({ timeouts: { profile, seconds } });
const pool = (addresses: string, portText = "1024-65535"): Gateway["pools"] => [
  { name: "public", addresses: ranges(addresses), ports: ports(portText), reachedBy: "address" },
];
const shared = (from = "10.10.1.0-10.10.40.15") => [sourceNat(from)];
const inNamespace = (writable: string[] = []): HostFacts => ({
  ...host(),
  isHostNamespace: false,
  writable: new Set([
    ...writable,
    ...Object.keys(STOCK_SYSCTLS).filter((name) => /timeout|ip_forward|rp_filter/.test(name)),
  ]),
});

const TABLE: [what: string, gateway: Gateway, facts: HostFacts, problems: string[]][] = [
  ...UPLINK_PROBLEM_CASES.map(
    ({ what, gateway, interfaces, problems: expected }): [string, Gateway, HostFacts, string[]] => [
      what,
      gateway,
      host({ interfaces }),
      expected,
    ],
  ),
  ...LIMIT_PROBLEM_CASES.map(({ what, gateway, problems: expected }): [string, Gateway, HostFacts, string[]] => [
    what,
    gateway,
    host(),
    expected,
  ]),
  ["the campus as it is", campus(), host(), []],
  [
    "more subscribers than blocks",
    campus({ sourceNat: [sourceNat("10.10.0.0-10.10.63.255", { blocks: 128 })] }),
    host(),
    [
      "error pool-too-small source-nat.0.ports.per-subscriber: 16,384 subscribers need as many port blocks, but rule campus has 14,112: 28 addresses x 504 blocks of 128 ports, 1 of them with listening ports. | Use blocks of at most 110 ports, or give the pool 33 addresses in place of 28.",
    ],
  ],
  [
    "so many more that only tiny blocks fit",
    campus({ sourceNat: [sourceNat("10.10.0.0/16", { blocks: 128 })] }),
    host(),
    [
      "error pool-too-small source-nat.0.ports.per-subscriber: 65,536 subscribers need as many port blocks, but rule campus has 14,112: 28 addresses x 504 blocks of 128 ports, 1 of them with listening ports. | Give the pool 131 addresses in place of 28, or use blocks of at most 27 ports (which is few).",
    ],
  ],
  [
    "more subscribers than ports",
    campus({
      sourceNat: [sourceNat("10.10.0.0/24", { blocks: 10 })],
      pools: pool("61.138.177.3", "2000-2099"),
      portForwards: [],
    }),
    host(),
    [
      "error pool-too-small source-nat.0.ports.per-subscriber: 256 subscribers need as many port blocks, but rule campus has 10: 1 address x 10 blocks of 10 ports. | Give the pool 26 addresses in place of 1.",
      "warning blocks-small source-nat.0.ports.per-subscriber: 10 ports for each subscriber of rule campus are few: a browser behind a proxy, or a busy program, can open more connections than that to one server. | Give each 64 ports or more; that takes a pool of 256 addresses.",
      "warning subscribers-beyond-sources capacity.subscribers: The file expects 10,000 subscribers, but its rules translate 256 addresses. | Widen `from` of a rule, or correct the number.",
    ],
  ],
  [
    "a forward that needs a spare block where there is none",
    campus({
      sourceNat: [sourceNat("10.10.0.0-10.10.55.30", { blocks: 128 })],
      portForwards: [
        forward("outside", "61.138.177.2:8080/tcp", "10.10.0.2"),
        forward("first", "61.138.177.3:8080/tcp", "10.10.0.2"),
        forward("same-block", "61.138.177.3:8081/tcp", "10.10.0.2"),
        forward("second", "61.138.177.9:2000/tcp", "10.10.0.2"),
      ],
    }),
    host(),
    [
      "error forward-without-spare port-forwards.3.listen: Port forward second listens in a port block of rule campus, and no spare block is left for its subscriber: 14,111 subscribers, 14,110 blocks without listening ports. | Listen on an address or port that the rule does not deal out. Or: Use blocks of at most 127 ports, or give the pool 29 addresses in place of 28.",
    ],
  ],
  [
    "every block given away",
    campus({ sourceNat: [sourceNat("10.10.0.0-10.10.55.30", { blocks: 128 })] }),
    host(),
    [
      "warning no-spare-blocks source-nat.0.ports.per-subscriber: All 14,111 port blocks of rule campus are given away: no subscriber can be added, and no port forward on these addresses. | Append an address to the pool: it moves nobody but those who have a spare block.",
    ],
  ],
  [
    "blocks that are not searched to the end",
    campus({
      sourceNat: [sourceNat("10.10.1.0-10.10.20.255", { blocks: 256 })],
      capacity: unrated(5120, 100),
    }),
    host(),
    [
      "warning block-search source-nat.0.ports.per-subscriber: The kernel does not search a block of 256 ports to the end: towards one destination the first of 100 new connections is refused when about 95 % of a block of rule campus are in use. | Blocks of 128 ports are used to the last one; a port serves each destination once, so they are far more than 128 connections.",
    ],
  ],
  [
    "blocks too small, and most of the pool idle",
    campus({ sourceNat: [sourceNat("10.10.1.0-10.10.40.15", { blocks: 16 })] }),
    host(),
    [
      "warning blocks-small source-nat.0.ports.per-subscriber: 16 ports for each subscriber of rule campus are few: a browser behind a proxy, or a busy program, can open more connections than that to one server. | Give each 64 ports or more; up to 180 fit this pool.",
      "warning addresses-idle pools.public.addresses: 24 of the 28 addresses of rule campus have no subscriber. | Blocks of 128 ports would use more of them, and serve each subscriber better.",
    ],
  ],
  [
    "a shared pool with every port listened on",
    campus({ sourceNat: shared(), pools: pool("61.138.177.3", "8080-8080") }),
    host(),
    [
      "error pool-without-ports pools.public.addresses: Rule campus has no port left: port forwards listen on all of them. | Let the port forwards listen on fewer ports, or give the rule an address of its own.",
    ],
  ],
  [
    "one address of a shared pool with every port listened on",
    campus({
      sourceNat: shared(),
      portForwards: [forward("dmz", "61.138.177.3:1-65535/tcp", "10.10.0.2:1-65535")],
    }),
    host(),
    [
      "warning address-without-ports pools.public.addresses: Port forwards take every port of 1 address of rule campus; 27 are left for source NAT. | Take those addresses out of the pool: then the file says what happens.",
    ],
  ],
  [
    "a shared pool with fewer ports than subscribers",
    campus({
      sourceNat: shared(),
      pools: pool("61.138.177.3", "10000-14999"),
      capacity: unrated(10_000, 1),
    }),
    host(),
    [
      "error pool-cannot-serve pools.public.addresses: 10,000 subscribers of rule campus share 5,000 ports: not even one each towards the same server. | Give the rule 2 public addresses or more.",
    ],
  ],
  [
    "many subscribers on one masqueraded address, and how many there really are unsaid",
    campus({
      sourceNat: [sourceNat("10.0.0.0/20", { name: "home", to: { kind: "masquerade" } })],
      capacity: { connectionsPerSubscriber: 10, timeouts: { profile: "rfc", seconds: {} } },
    }),
    host(),
    [
      "warning subscribers-per-address source-nat.0.to: 4,096 subscribers of rule home share each public address: about 15 ports for each towards the same server. | Give the rule 5 public addresses or more, one for every 1,000 subscribers, or say with capacity.subscribers how many there really are.",
    ],
  ],
  [
    "masquerade for a million connections",
    campus({
      sourceNat: [
        sourceNat("10.0.0.0/22", { name: "home", to: { kind: "masquerade" }, ports: { selection: "random" } }),
      ],
      capacity: { subscribers: 1000, connectionsPerSubscriber: 1100, timeouts: { profile: "rfc", seconds: {} } },
    }),
    host(),
    [
      "warning extensions-cost capacity: Connections carry an extension block of 128 bytes, 168 MiB in all: masquerade (home) keeps the interface of each connection. | Translate to a fixed address in place of masquerade, and turn the settings named off (events: 2), if nobody needs them.",
      "warning ports-run-out source-nat.0.to: If 25 % of the connections of rule home go to one destination, they need 426 % of its ports: 100 % of new ones are refused. | Give the rule 6 times as many public addresses.",
    ],
  ],
  [
    "a pool that is a slip of the pen",
    campus({
      sourceNat: [sourceNat("10.10.0.0/24", { to: { kind: "pool", pool: "public" } })],
      pools: pool("61.0.0.0/8"),
      portForwards: [],
      capacity: unrated(256, 170),
    }),
    host(),
    [
      "error pool-too-large pools.public.addresses: The pool of rule campus has 16,777,216 addresses; a plan goes up to 65,536. | Name only the public addresses that are yours to translate to.",
    ],
  ],
  [
    "a rule that comes second for some of its sources",
    campus({ sourceNat: [...campus().sourceNat, sourceNat("10.10.40.0/24", { name: "late" })] }),
    host(),
    [
      "warning subscribers-counted-twice source-nat.1.from: Rule campus comes first and takes 16 of the 256 sources of rule late. | Name each source in one rule only, or put rule late before campus.",
    ],
  ],
  [
    "many connections to one destination",
    campus({
      sourceNat: shared("10.10.1.0/24"),
      pools: pool("61.138.177.9"),
      capacity: unrated(256, 1000),
    }),
    host(),
    [
      "warning ports-run-out source-nat.0.to: If 25 % of the connections of rule campus go to one destination, they need 99 % of its ports: 68 % of new ones are refused. | Give the rule 2 times as many public addresses.",
    ],
  ],
  [
    "a table with long chains in the NAT's own",
    campus({ capacity: capacity({ connectionsPerSubscriber: 4000 }) }),
    host({ memoryBytes: 32 * 2 ** 30 }),
    [
      "warning bysource-chains source-nat.0.ports.selection: The NAT's table by source has 262,144 slots since boot: 40,000,000 connections make chains of 153, walked for every new connection of rule campus. | Boot with nf_conntrack.hashsize=100000768 (or in /etc/modprobe.d: options nf_conntrack hashsize=100000768), or set selection: random, which skips that table.",
    ],
  ],
  [
    "the same, if the file does not say how ports are chosen",
    campus({
      capacity: capacity({ connectionsPerSubscriber: 4000 }),
      sourceNat: [sourceNat("10.10.1.0-10.10.40.15", { ports: { perSubscriber: 128 } })],
    }),
    host({ memoryBytes: 32 * 2 ** 30 }),
    [
      "warning ports-at-random source-nat.0: The NAT's table by source has 262,144 slots since boot: 40,000,000 connections make chains of 153. So rule campus chooses ports at random, which does not look there; but no source keeps its port, nor one public port for all destinations, which games and calls between subscribers like. | Boot with nf_conntrack.hashsize=100000768 (or in /etc/modprobe.d: options nf_conntrack hashsize=100000768); or say which you want: ports: { selection: random }, or preserve, with new connections at about half the rate when the table is full.",
    ],
  ],
  [
    "as large a table, with less memory",
    campus({
      capacity: capacity({ connectionsPerSubscriber: 4000 }),
      sourceNat: [sourceNat("10.10.1.0-10.10.40.15", { ports: { perSubscriber: 128, selection: "random" } })],
    }),
    host({ memoryBytes: 20 * 2 ** 30 }),
    [
      "warning memory-high capacity: 50,000,384 entries take 12.3 GiB, 61 % of the 20.0 GiB this host has. | Leave room for everything else on the host: more memory, or shorter timeouts.",
    ],
  ],
  [
    "and with far less",
    campus({
      capacity: capacity({ connectionsPerSubscriber: 4000 }),
      sourceNat: [sourceNat("10.10.1.0-10.10.40.15", { ports: { perSubscriber: 128, selection: "random" } })],
    }),
    host({ memoryBytes: 8 * 2 ** 30 }),
    [
      "error memory-exceeded capacity: 50,000,384 entries take 12.3 GiB, 154 % of the 8.0 GiB this host has; more than 75 % is refused. | Expect at most 13,015,052 connections on this host (capacity.subscribers x connections-per-subscriber), or give it more memory.",
    ],
  ],
  [
    "the paper's established timeout",
    campus({ capacity: timers("paper") }),
    host(),
    [
      "warning timeout-below-rfc capacity.timeouts: tcp-established is 5 min, and RFC 5382 REQ-5 asks at least 2 h 4 min, 25 times as long: quiet but living connections are cut; it saves about 357,000 entries. | Set tcp-established to 7440s or more, or use timeouts: rfc.",
      "warning timeout-below-rfc capacity.timeouts: The kernel's own timeouts are left as they are, shorter than an RFC asks: tcp-syn-sent 2 min (RFC 5382 REQ-5: 4 min), tcp-syn-recv 1 min (RFC 5382 REQ-5: 4 min), tcp-fin-wait 2 min (RFC 5382 REQ-5: 4 min), tcp-close-wait 1 min (RFC 5382 REQ-5: 4 min), tcp-last-ack 30 s (RFC 5382 REQ-5: 4 min), tcp-time-wait 2 min (RFC 5382 REQ-5: 4 min), tcp-close 10 s (RFC 7857 section 2: 4 min), udp 30 s (RFC 4787 REQ-5: 2 min), icmp 30 s (RFC 5508 REQ-2: 1 min). | Use timeouts: rfc.",
    ],
  ],
  [
    "timeouts by hand: one below its minimum, one above a day, one the kernel does not have",
    campus({ capacity: timers("rfc", { udp: 60, "tcp-established": 86_400, "sctp-established": 300 }) }),
    {
      ...host(),
      sysctls: Object.fromEntries(Object.entries(STOCK_SYSCTLS).filter(([name]) => !name.includes("sctp"))),
    },
    [
      "warning rate-exceeds-table capacity.new-connections-per-second: 5,000 new connections a second that stay 17 min 48 s on average (an assumption) make 5,340,000 entries; the table holds 2,125,312. | Raise connections-per-subscriber to 534, or shorten the timeouts (profile now: rfc).",
      "warning established-very-long capacity.timeouts.tcp-established: Connections that nobody closes stay 1 d: about 3,948,000 entries more than with 2 h 4 min, if 1 in 100 is left open. | Use timeouts: rfc, or set tcp-established to 2h4m or a few hours more.",
      "warning timeout-below-rfc capacity.timeouts.udp: udp is 1 min, and RFC 4787 REQ-5 asks at least 2 min, 2 times as long: quiet but living connections are cut; it saves about 108,000 entries. | Set udp to 120s or more, or use timeouts: rfc.",
      "warning timeout-unknown capacity.timeouts.sctp-established: This kernel has no timeout sctp-established (net.netfilter.nf_conntrack_sctp_timeout_established). | Take it out of the file, or load the kernel module of that protocol.",
    ],
  ],
  [
    "more connections a second than the table and the garbage collection take",
    campus({ capacity: capacity({ newConnectionsPerSecond: 70_000 }) }),
    host(),
    [
      "warning rate-exceeds-table capacity.new-connections-per-second: 70,000 new connections a second that stay 5 min on average (an assumption) make 21,000,000 entries; the table holds 2,125,312. | Raise connections-per-subscriber to 2,100, or shorten the timeouts (profile now: rfc).",
      "warning expiry-too-fast capacity.new-connections-per-second: 70,000 connections end each second, but garbage collection removes about 64,000: dead entries pile up. | Leave more head-room in the table, or spread the load over more machines.",
    ],
  ],
  [
    "a link without its interface",
    campus(),
    host({ interfaces: ["lo", "bond0", "eth9"] }),
    [
      "warning interface-missing links.lan: This host has no interface bond1 (link lan). | Create it before applying the file, or name another with interface: bond0, eth9.",
    ],
  ],
  [
    "a kernel that has not what the links are made of",
    campus({
      links: [
        {
          name: "wan",
          interface: "bond7",
          bond: { mode: "balance-rr", members: ["eth0", "eth9"], miimon: 200, upDelay: 0, downDelay: 0 },
          addresses: [prefix("61.138.177.2/27")],
          gateway: ip("61.138.177.1"),
        },
        { name: "lan", interface: "eth9.5", vlan: { on: "eth9", id: 5 }, addresses: [prefix("10.10.0.1/16")] },
      ],
    }),
    host({ interfaces: ["lo", "eth0", "eth9"], cannotMake: ["bond", "vlan"] }),
    [
      "warning kernel-without-bonding links.wan: This kernel has no bonding: apply leaves bond7 out, with all that is on it. | Load it (modprobe bonding), or run a kernel that has it (CONFIG_BONDING), as the stock ones of distributions do; until then name one interface instead of the bond.",
      "warning kernel-without-vlan links.lan: This kernel has no VLANs: apply leaves eth9.5 out, with all that is on it. | Load them (modprobe 8021q), or run a kernel that has them (CONFIG_VLAN_8021Q), as the stock ones of distributions do.",
    ],
  ],
  [
    "a namespace that is not the host's",
    campus(),
    inNamespace(),
    [
      "warning chains-long capacity: The host has 262,144 buckets, which cannot be changed from here: with 1,700,000 connections a chain holds 13 on average. | On the host itself: sysctl -w net.netfilter.nf_conntrack_buckets=8501248",
      "warning limit-is-hosts capacity: The limit of connections is the host's, 262,144: those of this namespace are counted by themselves and compared with it. The file needs 2,125,312. | In the host's first namespace: sysctl -w net.netfilter.nf_conntrack_max=2125312 net.netfilter.nf_conntrack_buckets=8501248",
      "warning neighbours-are-hosts links: 10,000 hosts are on the links themselves; the neighbour table for them is one for all namespaces of the host. | In the host's first namespace: sysctl -w net.ipv4.neigh.default.gc_thresh1=10000 net.ipv4.neigh.default.gc_thresh2=20000 net.ipv4.neigh.default.gc_thresh3=40000",
    ],
  ],
  [
    "a namespace of a host with far too few buckets",
    campus({
      links: [{ name: "wan", interface: "bond0", addresses: [prefix("61.138.177.2/27")], gateway: ip("61.138.177.1") }],
    }),
    {
      ...inNamespace(),
      sysctls: {
        ...STOCK_SYSCTLS,
        "net.netfilter.nf_conntrack_buckets": "65536",
        "net.netfilter.nf_conntrack_max": "4000000",
      },
    },
    [
      "error buckets-too-few capacity: The host has 65,536 buckets, which cannot be changed from here: with 1,700,000 connections a chain holds 52 on average; at 50 to 79 the kernel refuses new ones. | On the host itself: sysctl -w net.netfilter.nf_conntrack_buckets=8501248",
      "warning limit-is-hosts capacity: The limit of connections is the host's, 4,000,000: those of this namespace are counted by themselves and compared with it. The file needs 2,125,312. | In the host's first namespace: sysctl -w net.netfilter.nf_conntrack_buckets=8501248",
    ],
  ],
  [
    "a host that lets nothing be written",
    campus({ capacity: timers("kernel", { "tcp-established": 7440 }), links: [] }),
    {
      ...host(),
      sysctls: {
        ...STOCK_SYSCTLS,
        "net.netfilter.nf_conntrack_max": "9000000",
        "net.netfilter.nf_conntrack_buckets": "9000000",
      },
      writable: new Set(),
    },
    [
      "warning timeout-below-rfc capacity.timeouts: The kernel's own timeouts are left as they are, shorter than an RFC asks: tcp-syn-sent 2 min (RFC 5382 REQ-5: 4 min), tcp-syn-recv 1 min (RFC 5382 REQ-5: 4 min), tcp-fin-wait 2 min (RFC 5382 REQ-5: 4 min), tcp-close-wait 1 min (RFC 5382 REQ-5: 4 min), tcp-last-ack 30 s (RFC 5382 REQ-5: 4 min), tcp-time-wait 2 min (RFC 5382 REQ-5: 4 min), tcp-close 10 s (RFC 7857 section 2: 4 min), udp 30 s (RFC 4787 REQ-5: 2 min), icmp 30 s (RFC 5508 REQ-2: 1 min). | Use timeouts: rfc.",
      "warning setting-read-only : These settings cannot be written from here: net.ipv4.ip_forward (0, needed 1), net.netfilter.nf_conntrack_tcp_timeout_established (432000, needed 7440). | Run as root outside the container, or set them on the host: sysctl -w net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_tcp_timeout_established=7440",
    ],
  ],
];

for (const [what, gateway, facts, expected] of TABLE) {
  test(`problems: ${what}`, () => {
    assert.deepEqual(problems(gateway, facts), expected);
    assert.equal(
      isApplicable(planGateway(gateway, facts)),
      expected.every((line) => line.startsWith("warning")),
    );
  });
}

test("every code of the list is found by a case above, and no other", () => {
  const found = new Set(TABLE.flatMap(([, , , expected]) => expected.map((line) => line.split(" ")[1] ?? line)));
  assert.deepEqual([...found].toSorted(), Object.keys(PLAN_PROBLEM_CODES).toSorted());
});

test("the largest block that fits is the largest: one more port and the pool is too small", () => {
  const codes = (blocks: number): string[] =>
    planGateway(campus({ sourceNat: [sourceNat("10.10.0.0-10.10.63.255", { blocks })] }), host())
      .problems.filter(({ severity }) => severity === "error")
      .map(({ code }) => code);
  assert.deepEqual(codes(110), []);
  assert.deepEqual(codes(111), ["pool-too-small"]);
});
