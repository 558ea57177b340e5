import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, link, planOf, pool, source, staticNat, twiceNat } from "../../test/fixtures/plan-of.ts";
import type { Gateway } from "../config/gateway.ts";
import { writeIptables } from "./iptables.ts";

/** The rules of a chain, without `-A CHAIN`. */
function rules(text: string, chain: string): string[] {
  const start = `-A ${chain} `;
  return text.split("\n").flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []));
}

/** The lines below a title of the leading comment. */
function notes(text: string, title: string): string[] {
  const lines = text.split("\n");
  const after = lines.slice(lines.findIndex((line) => line.startsWith(`# ${title}`)) + 1);
  return after
    .slice(
      0,
      after.findIndex((line) => !line.startsWith("#   ")),
    )
    .map((line) => line.slice(4));
}

test("the whole text for a small office", () => {
  const text = writeIptables(
    planOf({
      sourceNat: [source("office", "10.10.1.0/24", "61.138.177.2")],
      portForwards: [forward("web", "61.138.177.2:80/tcp", "10.10.0.2:8080")],
    }),
  );
  assert.equal(
    text,
    `# The gateway border for iptables: load with iptables-restore --noflush
#
# Source NAT rules:
#   MEGANAT-SOURCE-1: office
#
# What iptables cannot do as MegaNAT's own rules do:
#   drop what would leave untranslated: no filter table after source NAT
#   keep SCTP, DCCP and UDP-Lite to the ports of a rule: only TCP, UDP and ICMP have a rule for it here
#
# What it needs besides, with the kernel settings of --format sysctl:
#   ip address add 61.138.177.2/24 dev wan
#   ip address add 10.10.0.1/16 dev lan
#   ip route add 0.0.0.0/0 via 61.138.177.1 dev wan table 254

*nat
:MEGANAT-SOURCE-1 - [0:0]
:MEGANAT-LISTEN - [0:0]
:MEGANAT-HAIRPIN - [0:0]
:MEGANAT-LEAVE - [0:0]
-A MEGANAT-SOURCE-1 -p tcp -j SNAT --to-source 61.138.177.2:1024-65535
-A MEGANAT-SOURCE-1 -p udp -j SNAT --to-source 61.138.177.2:1024-65535
-A MEGANAT-SOURCE-1 -p icmp -j SNAT --to-source 61.138.177.2:1024-65535
-A MEGANAT-SOURCE-1 -j SNAT --to-source 61.138.177.2
-A MEGANAT-LISTEN -d 61.138.177.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.10.0.2:8080
-A MEGANAT-HAIRPIN -s 10.10.1.0/24 -j MEGANAT-SOURCE-1
-A MEGANAT-HAIRPIN -s 10.10.0.0/16 -o lan -j MASQUERADE
-A MEGANAT-LEAVE -o wan -s 10.10.1.0/24 -j MEGANAT-SOURCE-1
-A PREROUTING -j MEGANAT-LISTEN
-A OUTPUT -j MEGANAT-LISTEN
-A POSTROUTING -j MEGANAT-LEAVE
-A POSTROUTING -m conntrack --ctstate DNAT --ctorigdst 61.138.177.2/32 -j MEGANAT-HAIRPIN
COMMIT

*filter
-A FORWARD -i wan -m conntrack --ctstate INVALID -j DROP
-A FORWARD -o wan -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
  );
});

const SOURCES: readonly { what: string; parts: Partial<Gateway>; rules: readonly string[] }[] = [
  {
    what: "masquerade",
    parts: { sourceNat: [source("a", "10.10.1.0/24", "masquerade")] },
    rules: ["-j MASQUERADE"],
  },
  {
    what: "masquerade, random, clear of a forward",
    parts: {
      sourceNat: [source("a", "10.10.1.0/24", "masquerade", { random: true })],
      portForwards: [forward("web", "61.138.177.2:8080/tcp", "10.10.0.2")],
    },
    rules: [
      "-p tcp -j MASQUERADE --to-ports 8081-65535 --random-fully",
      "-p udp -j MASQUERADE --to-ports 8081-65535 --random-fully",
      "-p icmp -j MASQUERADE --to-ports 8081-65535 --random-fully",
      "-j MASQUERADE --random-fully",
    ],
  },
  {
    what: "a shared pool in one run",
    parts: {
      pools: [pool("p", "61.138.177.8-61.138.177.10", { ports: "2000-2999" })],
      sourceNat: [source("a", "10.10.1.0/24", "p", { random: true })],
    },
    rules: [
      "-p tcp -j SNAT --to-source 61.138.177.8-61.138.177.10:2000-2999 --persistent --random-fully",
      "-p udp -j SNAT --to-source 61.138.177.8-61.138.177.10:2000-2999 --persistent --random-fully",
      "-p icmp -j SNAT --to-source 61.138.177.8-61.138.177.10:2000-2999 --persistent --random-fully",
      "-j SNAT --to-source 61.138.177.8-61.138.177.10 --persistent",
    ],
  },
  {
    what: "a shared pool in two runs, a third of the subscribers for the single address",
    parts: {
      pools: [pool("p", "61.138.177.8, 61.138.177.20/31", { ports: "2000-2999" })],
      sourceNat: [source("a", "10.10.1.0-10.10.1.2", "p")],
    },
    rules: [
      "-s 10.10.1.0/32 -p tcp -j SNAT --to-source 61.138.177.8:2000-2999",
      "-s 10.10.1.0/32 -p udp -j SNAT --to-source 61.138.177.8:2000-2999",
      "-s 10.10.1.0/32 -p icmp -j SNAT --to-source 61.138.177.8:2000-2999",
      "-s 10.10.1.0/32 -j SNAT --to-source 61.138.177.8",
      "-m iprange --src-range 10.10.1.1-10.10.1.2 -p tcp -j SNAT --to-source 61.138.177.20-61.138.177.21:2000-2999 --persistent",
      "-m iprange --src-range 10.10.1.1-10.10.1.2 -p udp -j SNAT --to-source 61.138.177.20-61.138.177.21:2000-2999 --persistent",
      "-m iprange --src-range 10.10.1.1-10.10.1.2 -p icmp -j SNAT --to-source 61.138.177.20-61.138.177.21:2000-2999 --persistent",
      "-m iprange --src-range 10.10.1.1-10.10.1.2 -j SNAT --to-source 61.138.177.20-61.138.177.21 --persistent",
    ],
  },
  {
    what: "port blocks, a chain for each /24",
    parts: {
      pools: [pool("p", "61.138.177.8")],
      sourceNat: [source("a", "10.10.1.255-10.10.2.0", "p", { perSubscriber: 128 })],
    },
    rules: ["-s 10.10.1.0/24 -j MEGANAT-1-10.10.1", "-s 10.10.2.0/24 -j MEGANAT-1-10.10.2"],
  },
];

for (const { what, parts, rules: expected } of SOURCES) {
  test(`iptables: ${what}`, () => assert.deepEqual(rules(writeIptables(planOf(parts)), "MEGANAT-SOURCE-1"), expected));
}

test("iptables: the rules of a subscriber with a port block", () => {
  const text = writeIptables(
    planOf({
      pools: [pool("p", "61.138.177.8")],
      sourceNat: [source("a", "10.10.1.255-10.10.2.0", "p", { perSubscriber: 128, random: true })],
    }),
  );
  assert.deepEqual(rules(text, "MEGANAT-1-10.10.2"), [
    "-s 10.10.2.0/32 -p tcp -j SNAT --to-source 61.138.177.8:1152-1279 --random-fully",
    "-s 10.10.2.0/32 -p udp -j SNAT --to-source 61.138.177.8:1152-1279 --random-fully",
    "-s 10.10.2.0/32 -p icmp -j SNAT --to-source 61.138.177.8:1152-1279 --random-fully",
    "-s 10.10.2.0/32 -j SNAT --to-source 61.138.177.8",
  ]);
});

test("iptables: forwards and static NAT by destination", () => {
  const text = writeIptables(
    planOf({
      portForwards: [
        forward("same", "61.138.177.2:80/tcp", "10.10.0.2"),
        forward("range", "61.138.177.2:20000-20100/udp", "10.10.0.7"),
        forward("shifted", "61.138.177.2:3000-3005/tcp+udp", "10.10.0.2:4000-4005"),
      ],
      staticNat: [staticNat("61.138.177.31", "10.10.0.4"), staticNat("61.138.177.32/28", "10.10.0.16/28")],
    }),
  );
  assert.deepEqual(rules(text, "MEGANAT-LISTEN"), [
    "-d 61.138.177.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.10.0.2",
    "-d 61.138.177.2/32 -p udp -m udp --dport 20000:20100 -j DNAT --to-destination 10.10.0.7",
    "-d 61.138.177.2/32 -p tcp -m tcp --dport 3000:3005 -j DNAT --to-destination 10.10.0.2:4000-4005/3000",
    "-d 61.138.177.2/32 -p udp -m udp --dport 3000:3005 -j DNAT --to-destination 10.10.0.2:4000-4005/3000",
    "-d 61.138.177.31/32 -j DNAT --to-destination 10.10.0.4",
    "-d 61.138.177.32/28 -j NETMAP --to 10.10.0.16/28",
  ]);
  assert.deepEqual(rules(text, "MEGANAT-LEAVE"), [
    "-o wan -s 10.10.0.4/32 -j SNAT --to-source 61.138.177.31",
    "-o wan -s 10.10.0.16/28 -j NETMAP --to 61.138.177.32/28",
  ]);
});

test("iptables: untranslated destinations, twice NAT, routed addresses", () => {
  const text = writeIptables(
    planOf({
      links: [link("wan", "61.138.177.2/24"), link("lan", "192.168.1.1/24"), link("vpn", "172.16.0.1/30")],
      pools: [pool("p", "61.138.178.0/30", { reachedBy: "route" })],
      sourceNat: [source("a", "192.168.1.0/24", "p", { untranslatedTo: "192.0.2.0/24" })],
      twiceNat: [twiceNat("branch", "lan 192.168.1.0/24 10.1.1.0/24", "vpn 192.168.1.0/24 10.2.2.0/24 172.16.0.2")],
    }),
  );
  assert.deepEqual(rules(text, "MEGANAT-LEAVE"), ["-o wan -s 192.168.1.0/24 -j MEGANAT-LEAVE-1"]);
  assert.deepEqual(rules(text, "MEGANAT-LEAVE-1"), ["-d 192.0.2.0/24 -j ACCEPT", "-j MEGANAT-SOURCE-1"]);
  assert.deepEqual(rules(text, "PREROUTING"), [
    "-i lan -d 10.2.2.0/24 -j MARK --set-xmark 0x1000000/0xff000000",
    "-j MEGANAT-LISTEN",
    "-i lan -s 192.168.1.0/24 -d 10.2.2.0/24 -j NETMAP --to 192.168.1.0/24",
    "-i vpn -s 192.168.1.0/24 -d 10.1.1.0/24 -j NETMAP --to 192.168.1.0/24",
  ]);
  assert.deepEqual(rules(text, "POSTROUTING"), [
    "-o vpn -s 192.168.1.0/24 -m conntrack --ctorigdst 10.2.2.0/24 -j NETMAP --to 10.1.1.0/24",
    "-o lan -s 192.168.1.0/24 -m conntrack --ctorigdst 10.1.1.0/24 -j NETMAP --to 10.2.2.0/24",
    "-j MEGANAT-LEAVE",
  ]);
  assert.ok(rules(text, "FORWARD").includes("-o lo -d 61.138.178.0/30 -j DROP"));
  assert.deepEqual(notes(text, "What it needs besides").slice(-3), [
    "ip route add 61.138.178.0/30 dev lo table 254",
    "ip route add 192.168.1.0/24 via 172.16.0.2 dev vpn table 7700",
    "ip rule add fwmark 0x1000000/0xff000000 table 7700 priority 7700",
  ]);
});

test("iptables: what it cannot do is said", () => {
  const text = writeIptables(
    planOf({
      pools: [pool("p", "61.138.177.8, 61.138.177.20")],
      sourceNat: [source("guests\n*nat", "0.0.0.0/0", "p")],
    }),
  );
  assert.deepEqual(notes(text, "What iptables cannot do"), [
    "drop what would leave untranslated: no filter table after source NAT",
    "keep SCTP, DCCP and UDP-Lite to the ports of a rule: only TCP, UDP and ICMP have a rule for it here",
    "give a subscriber of a shared pool the address nftables gives it: --persistent hashes otherwise",
    "hash guests *nat over all its addresses: 2 runs of addresses each serve a share of it",
    "tell clients outside from subscribers of guests *nat: they lose their address on the way to a port forward",
  ]);
});

test("iptables: interface names it would read as something else are refused", () => {
  for (const name of ["odd+", "!wan", "a'b"]) {
    const plan = planOf({
      links: [link("wan", "61.138.177.2/24", { interface: name })],
      sourceNat: [source("a", "10.10.1.0/24", "masquerade")],
    });
    assert.throws(() => writeIptables(plan), RangeError, name);
  }
});
