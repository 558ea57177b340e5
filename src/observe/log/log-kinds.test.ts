import assert from "node:assert/strict";
import { test } from "node:test";
import { classify, LOG_KINDS } from "./log-kinds.ts";

const TABLE: readonly (readonly [text: string, id: string | undefined, of?: string, count?: number])[] = [
  ["nf_conntrack: nf_conntrack: table full, dropping packet", "table-full"],
  ["nf_conntrack: nf_conntrack: table full in netns 4026532741, dropping packet", "table-full", "4026532741"],
  ["nf_conntrack: table full, dropping packet.", "table-full"],
  ["nf_conntrack: expectation table full", "expectation-table-full"],
  ["neighbour: arp_cache: neighbor table overflow!", "neighbour-overflow", "arp_cache"],
  ["neighbour: ndisc_cache: neighbor table overflow!", "neighbour-overflow", "ndisc_cache"],
  ["Neighbour table overflow.", "neighbour-overflow", "Neighbour"],
  ["IPv4: martian source 10.0.0.2 from 192.0.2.9, on dev wan", "martian-source", "192.0.2.9"],
  ["martian source 10.0.0.2 from 192.0.2.9, on dev wan", "martian-source", "192.0.2.9"],
  ["IPv4: martian destination 127.0.0.1 from 10.0.0.9, dev wan", "martian-destination", "127.0.0.1"],
  ["net_ratelimit: 61725 callbacks suppressed", "messages-suppressed", "net_ratelimit", 61725],
  ["nf_ct_proto_6: SEQ is over upper bound (IN=wan OUT= SRC=1.2.3.4 DST=5.6.7.8)", "out-of-window", "6"],
  [
    "nf_conntrack: default automatic helper assignment has been turned off for security reasons and CT-based firewall rule not found. Use the iptables CT target to attach helpers instead.",
    "helper-off",
  ],
  ["nf_ct_sip: dropping packet: cannot add NAT expectation IN=lan OUT=wan", "helper-drop", "sip"],
  ["ip_local_port_range: prefer different parity for start/end values.", "port-range-parity"],
  ["nf_queue: full at 1024 entries, dropping packets(s)", "queue-full"],
  [
    "TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:80. Sending cookies.  Check SNMP counters.",
    "syn-flood",
    "0.0.0.0:80",
  ],
  ["TCP: out of memory -- consider tuning tcp_mem", "tcp-memory"],
  ["NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out", "transmit-timeout", "eth0"],

  ["eth0: hw csum failure", "checksum-failure", "eth0"],
  ["DROP: IN=wan OUT= MAC=00:00 SRC=1.2.3.4 DST=5.6.7.8 LEN=60", "rule-log"],
  [
    "bridge: filtering via arp/ip/ip6tables is no longer available by default. Update your scripts to load br_netfilter if you need this.",
    "bridge-netfilter",
  ],
  ["lan0: left promiscuous mode", undefined],
  ["nf_conntrack version 0.5.0 (65536 buckets, 262144 max)", undefined],
  ["", undefined],
];

for (const [text, id, of = "", count = 1] of TABLE) {
  test(`${id ?? "nothing"}: ${text.slice(0, 60)}`, () => {
    const match = classify(text);
    const found = match === undefined ? undefined : [match.kind.id, match.of, match.count];
    assert.deepEqual(found, id === undefined ? undefined : [id, of, count]);
  });
}

test("every kind has a name of its own and a message above", () => {
  const ids = LOG_KINDS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const tested = new Set(TABLE.map(([, id]) => id));
  assert.deepEqual(
    ids.filter((id) => !tested.has(id)),
    [],
  );
});
