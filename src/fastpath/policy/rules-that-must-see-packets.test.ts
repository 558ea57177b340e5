import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../diagnose/rules/address.ts";
import { matchPacket } from "../../diagnose/rules/evaluate/match-packet.ts";
import type { Packet } from "../../diagnose/rules/packet.ts";
import { readRuleset } from "../../diagnose/rules/read-ruleset.ts";
import type { Ruleset } from "../../diagnose/rules/ruleset.ts";
import { iptablesScript, randomChains } from "../../../test/fixtures/rulesets/random-rules.ts";
import { describePolicy } from "./describe.ts";
import type { Exemption } from "./exemption.ts";
import { rulesThatMustSeePackets, type PacketPolicy } from "./rules-that-must-see-packets.ts";

const DEVICES = ["eth0", "eth1", "virbr0"];
const LEGACY = "of iptables-legacy";

function saved(text: string): Ruleset {
  return readRuleset({
    nft: [],
    nftTexts: new Map(),
    elements: new Map(),
    saved: { "iptables-legacy": text },
  });
}

function policyOf(text: string, readsMarks: readonly string[] = []): PacketPolicy {
  return rulesThatMustSeePackets({ ruleset: saved(text), devices: DEVICES, readsMarks });
}

/** What the rules of mangle's FORWARD demand, without what they count. */
function demanded(lines: readonly string[], readsMarks: readonly string[] = []): string[] {
  const rules = lines.map((line) => (line.startsWith("[") ? line : `-A FORWARD ${line}`)).join("\n");
  const { exemptions } = policyOf(
    `*mangle\n:FORWARD ACCEPT [0:0]\n:X - [0:0]\n${rules.replaceAll("[X] ", "-A X ")}\nCOMMIT\n`,
    readsMarks,
  );
  return describePolicy({ exemptions, countsLess: [] }).map((line) =>
    line.replace(/^rule (\d+) of chain (\S+) in table mangle of iptables-legacy /, "$2 $1 ").replace(/ stay on .*/, ""),
  );
}

test("a rule that acts on each packet is exempt, and says for which", () => {
  for (const [line, words] of [
    [
      "-s 10.1.0.0/16 -m quota --quota 1000 -j DROP",
      "FORWARD 1 counts bytes with quota: IPv4 packets from 10.1.0.0/16",
    ],
    ["-m limit --limit 5/sec -j ACCEPT", "FORWARD 1 limits the rate of packets: IPv4 packets"],
    [
      "-p udp -m hashlimit --hashlimit-above 5/sec --hashlimit-name x -j DROP",
      "FORWARD 1 limits the rate of packets with hashlimit: IPv4 UDP packets",
    ],
    [
      "-d 192.0.2.1/32 -p tcp -j TOS --set-tos 0x10/0x3f",
      "FORWARD 1 changes the TOS of each packet: TCP packets to 192.0.2.1/32",
    ],
    [
      "-p udp -m udp --dport 5060:5061 -j DSCP --set-dscp 0x2e",
      "FORWARD 1 changes the DSCP of each packet: IPv4 UDP packets to ports 5060-5061",
    ],
    [
      "-s 10.1.0.0/16 -p tcp -m tcp --sport 25 -j LOG",
      "FORWARD 1 logs each packet: TCP packets from 10.1.0.0/16 port 25",
    ],
    [
      "-p tcp -m multiport --dports 80,443,8000:8080 -j LOG",
      "FORWARD 1 logs each packet: IPv4 TCP packets to port 80, IPv4 TCP packets to port 443 and IPv4 TCP packets to ports 8000-8080",
    ],
    [
      "-p tcp -m tcp --dport 80 -m connbytes --connbytes 1000: --connbytes-mode bytes --connbytes-dir both -j DROP",
      "FORWARD 1 asks what the connection has carried (connbytes): IPv4 TCP packets to port 80 and IPv4 TCP packets from port 80",
    ],
    [
      "-i eth1 -o eth0 -j DSCP --set-dscp 0x2e",
      "FORWARD 1 changes the DSCP of each packet: IPv4 packets that come in by eth1 and leave by eth0",
    ],
    [
      "-i eth+ -j TTL --ttl-set 64",
      "FORWARD 1 changes the TTL of each packet: IPv4 packets that come in by eth0 and IPv4 packets that come in by eth1",
    ],
    [
      "! -i eth0 -j NFLOG --nflog-group 1",
      "FORWARD 1 logs each packet (NFLOG): IPv4 packets that come in by eth1 and IPv4 packets that come in by virbr0",
    ],
    ["-j LOG", "FORWARD 1 logs each packet: IPv4 packets"],
    ["-j NFQUEUE --queue-num 1", "FORWARD 1 gives each packet to a program (queue): IPv4 packets"],
    ["-j TEE --gateway 10.0.0.9", "FORWARD 1 sends a copy of each packet elsewhere: IPv4 packets"],
    ["-j SET --add-set seen src", "FORWARD 1 changes an ipset with each packet: IPv4 packets"],
    ["-m recent --set --name x", "FORWARD 1 notes each packet (recent): IPv4 packets"],
    ["-m length --length 1400:1500 -j DROP", "FORWARD 1 asks for the length of the packet: IPv4 packets"],
    ["-m string --string evil --algo bm -j DROP", "FORWARD 1 searches each packet for a text: IPv4 packets"],
    [
      "-p tcp -m tcp --tcp-flags PSH PSH -j DROP",
      "FORWARD 1 asks for flags of TCP that vary from packet to packet: IPv4 TCP packets",
    ],
    ["-m statistic --mode nth --every 3 -j ACCEPT", "FORWARD 1 chooses packets with statistic: IPv4 packets"],
    [
      "-m frobnicate --deep -j DROP",
      "FORWARD 1 asks something that is not understood (-m frobnicate --deep): IPv4 packets",
    ],
    [
      "-j ACCOUNT --addr 10.0.0.0/8 --tname x",
      "FORWARD 1 does something that is not understood (ACCOUNT): IPv4 packets",
    ],
    [
      "-s 10.9.0.0/16 -i eth1 -m connbytes --connbytes 1000: --connbytes-mode bytes --connbytes-dir both -j DROP",
      "FORWARD 1 asks what the connection has carried (connbytes): IPv4 packets from 10.9.0.0/16 that come in by eth1 and IPv4 packets to 10.9.0.0/16",
    ],
  ] as const) {
    assert.deepEqual(demanded([line]), [words.replace(/IPv4 (?=(TCP |UDP )?packets (from|to) \d)/g, "")], line);
  }
});

test("a rule that decides once for a connection is not exempt", () => {
  for (const line of [
    "-s 10.1.0.0/16 -j DROP",
    "-m set --match-set bad src -j DROP",
    "-m time --timestart 08:00 -j DROP",
    "-m connlimit --connlimit-above 10 -j REJECT --reject-with icmp-port-unreachable",
    "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
    "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 5/sec -j ACCEPT",
    "-m conntrack --ctstate NEW -j LOG",
    "-m conntrack --ctstate INVALID -m limit --limit 5/sec -j LOG",
    "-m conntrack --ctstate NEW -m recent --set --name x",
    "-p icmp -m limit --limit 5/sec -j ACCEPT",
    "-f -j DROP",
    "-j CT --notrack",
    "-i tun0 -j LOG",
    "-o tun0 -m limit --limit 5/sec -j ACCEPT",
    "-m length --length 1400:1500",
    "-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff",
  ]) {
    assert.deepEqual(demanded([line]), [], line);
  }
});

test("a mark matters where something behind the rules reads it", () => {
  for (const line of ["-j MARK --set-xmark 0x1/0xff", "-j CLASSIFY --set-class 0001:0010"]) {
    assert.deepEqual(demanded([line], []), []);
    assert.match(demanded([line], ["eth0"]).join(), /^FORWARD 1 .* each packet.*: IPv4 packets that leave by eth0$/);
    assert.deepEqual(demanded([`-o eth1 ${line}`], ["eth0"]), []);
    const unknown = rulesThatMustSeePackets({
      ruleset: saved(`*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD ${line}\nCOMMIT\n`),
      devices: DEVICES,
    });
    assert.equal(unknown.exemptions[0]?.outInterface, undefined);
    assert.equal(unknown.exemptions.length, 1);
  }
});

test("what packets cannot come to is not exempt, and the way to a rule narrows it", () => {
  const log = "-j LOG";
  assert.deepEqual(demanded(["-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", log]), []);
  assert.deepEqual(demanded(["-m conntrack ! --ctstate NEW -j ACCEPT", log]), []);
  assert.deepEqual(demanded(["-p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT", log]), [
    "FORWARD 2 logs each packet: IPv4 UDP packets",
  ]);
  assert.deepEqual(demanded(["-s 10.0.0.0/8 -j ACCEPT", log]), ["FORWARD 2 logs each packet: IPv4 packets"]);
  assert.deepEqual(demanded(["-s 10.1.0.0/16 -j X", "[X] -d 192.0.2.0/24 -j LOG"]), [
    "X 1 logs each packet: packets from 10.1.0.0/16 to 192.0.2.0/24",
  ]);
  assert.deepEqual(demanded(["-s 10.1.0.0/16 -j X", "-s 10.2.0.0/16 -j X", "[X] -j LOG"]), [
    "X 1 logs each packet: packets from 10.1.0.0/16 and packets from 10.2.0.0/16",
  ]);
  assert.deepEqual(demanded(["-s 10.1.0.0/16 -j X", "-j X", "[X] -j LOG"]), ["X 1 logs each packet: IPv4 packets"]);
  assert.deepEqual(demanded(["-s 10.1.0.0/16 -j X", "[X] -s 10.2.0.0/16 -j LOG"]), []);
  assert.deepEqual(demanded(["-j X", "-j LOG", "[X] -j ACCEPT"]), []);
  assert.deepEqual(demanded(["-j X", "-j LOG", "[X] -s 10.0.0.0/8 -j RETURN", "[X] -j ACCEPT"]), [
    "FORWARD 2 logs each packet: IPv4 packets",
  ]);
  assert.deepEqual(demanded(["-g X", "-j LOG", "[X] -s 10.0.0.0/8 -j ACCEPT"]), []);
});

test("counters of rules that established packets come to count less, and no others", () => {
  const { exemptions, countsLess } = policyOf(
    `*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -j ACCEPT\nCOMMIT\n`,
  );
  assert.deepEqual(exemptions, []);
  assert.deepEqual(countsLess, [
    {
      id: "legacy-ip/filter/FORWARD/1",
      place: `rule 1 of chain FORWARD in table filter ${LEGACY}`,
      text: "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    },
  ]);
});

test("what could not be read keeps everything on the kernel's path", () => {
  const policy = rulesThatMustSeePackets({
    ruleset: saved("*filter\n:FORWARD ACCEPT [0:0]\nnonsense\nCOMMIT\n"),
    devices: DEVICES,
    failed: ["nft: no such program"],
  });
  assert.deepEqual(policy.exemptions, [
    { why: "could not be read (iptables-legacy-save: nonsense)" },
    { why: "could not be read (nft: no such program)" },
  ]);
});

test("a table with a name of iptables that was made with nft is no table that could not be read", () => {
  const policy = rulesThatMustSeePackets({
    ruleset: saved("# Table `nat' contains incompatible base-chains, use 'nft' tool to list them.\n"),
    devices: DEVICES,
  });
  assert.deepEqual(policy.exemptions, []);
});

/** [rules, devices, what is exempt, how many rules count less] */
const PROGRAMS: readonly (readonly [string, readonly string[], number])[] = [
  ["docker-24", [], 20],
  ["docker-28", [], 22],
  ["kube-proxy", [], 3],
  ["ufw", [], 3],
  ["fail2ban", [], 0],
  ["firewalld-iptables", [], 71],
  ["tailscale", [], 10],
  [
    "libvirt",
    [
      `rule 1 of chain LIBVIRT_PRT in table mangle ${LEGACY} writes the checksum of each packet: IPv4 UDP packets to port 68 that leave by virbr0 stay on the kernel's path`,
    ],
    10,
  ],
];

test("rules as other programs write them leave the fast path free", () => {
  const devices = ["eth0", "docker0", "br-0123456789ab", "virbr0", "cni0", "tailscale0"];
  for (const [name, exempt, counting] of PROGRAMS) {
    const text = readFileSync(join(import.meta.dirname, `../../../test/fixtures/rulesets/${name}.save`), "utf8");
    const { exemptions, countsLess } = rulesThatMustSeePackets({ ruleset: saved(text), devices, readsMarks: [] });
    assert.deepEqual(describePolicy({ exemptions, countsLess: [] }), exempt, name);
    assert.equal(countsLess.length, counting, name);
  }
});

test("a set that changes by itself may hold any address by then, although it is empty now", () => {
  const match = { left: { payload: { protocol: "ip", field: "saddr" } }, op: "==", right: "@seen" };
  const table = { family: "ip", table: "t" };
  const nft = [
    { set: { ...table, name: "seen", handle: 1, type: "ipv4_addr", flags: ["timeout", "dynamic"] } },
    { chain: { ...table, name: "f", handle: 2, type: "filter", hook: "forward", prio: 0, policy: "accept" } },
    { rule: { ...table, chain: "f", handle: 3, expr: [{ match }, { log: null }] } },
  ];
  const ruleset = readRuleset({ nft, nftTexts: new Map(), elements: new Map([["ip/t/seen", []]]), saved: {} });
  const { exemptions } = rulesThatMustSeePackets({ ruleset, devices: DEVICES, readsMarks: [] });
  assert.deepEqual(
    exemptions.map(({ family, source, why }) => ({ family, source, why })),
    [{ family: "ip", source: undefined, why: "logs each packet" }],
  );
});

const packets: fc.Arbitrary<Packet> = fc.record({
  source: fc.constantFrom("198.51.100.5", "198.51.100.70", "10.1.2.3", "203.0.113.9"),
  destination: fc.constantFrom("192.168.122.9", "192.168.122.10", "172.17.0.2"),
  protocol: fc.constantFrom(6, 17),
  sourcePort: fc.constant(2000),
  destinationPort: fc.integer({ min: 1, max: 99 }),
  tcpFlags: fc.constant(["ack"]),
  mark: fc.integer({ min: 0, max: 15 }),
  outInterface: fc.constantFrom("virbr0", "docker0"),
  inInterface: fc.constant("eth0"),
  connection: fc.record({
    state: fc.constant("established" as const),
    direction: fc.constantFrom("original" as const, "reply" as const),
  }),
});

test("whatever packet an acting rule comes to see is exempt", () => {
  fc.assert(
    fc.property(randomChains, fc.array(packets, { minLength: 10, maxLength: 10 }), (chains, list) => {
      // Rules that do nothing are made to act.
      const text = iptablesScript(chains, "accept").replaceAll(
        /^-A (?!.* -[jg] ).*$/gm,
        "$& -j TOS --set-tos 0x10/0x3f",
      );
      const ruleset = saved(text);
      const devices = ["eth0", "virbr0", "docker0"];
      const { exemptions, countsLess } = rulesThatMustSeePackets({ ruleset, devices, readsMarks: devices });
      const counting = new Set(countsLess.map(({ id }) => id));
      for (const packet of list) {
        for (const { rule, counts } of matchPacket(ruleset, packet, "forward").hits) {
          assert.ok(counts !== "yes" || counting.has(rule.id), rule.id);
          if (!/TOS|MARK --set/.test(rule.text)) continue;
          const own = exemptions.filter((exemption) => exemption.rule?.id === rule.id);
          assert.ok(
            own.some((exemption) => takesIn(exemption, packet)),
            `${rule.id} ${rule.text}`,
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});

function takesIn(exemption: Exemption, packet: Packet): boolean {
  const { source, destination, sourcePorts, destinationPorts, protocol, inInterface, outInterface } = exemption;
  return (
    (sourcePorts === undefined || isAmong(packet.sourcePort, sourcePorts)) &&
    (destinationPorts === undefined || isAmong(packet.destinationPort, destinationPorts)) &&
    (source === undefined || lies(packet.source, source)) &&
    (destination === undefined || lies(packet.destination, destination)) &&
    (protocol ?? packet.protocol) === packet.protocol &&
    (inInterface ?? packet.inInterface) === packet.inInterface &&
    (outInterface ?? packet.outInterface) === packet.outInterface
  );
}

function isAmong(port: number | undefined, ports: string): boolean {
  const [first = 0, last = first] = ports.split("-").map(Number);
  return port !== undefined && port >= first && port <= last;
}

function lies(address: string, prefix: string): boolean {
  const [network = "", length = "0"] = prefix.split("/");
  const host = BigInt(32 - Number(length));
  const bits = (text: string): bigint => (parseAddress(text)?.value ?? 0n) >> host;
  return bits(address) === bits(network);
}
