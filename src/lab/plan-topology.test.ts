import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv4 } from "../address/ipv4.ts";
import { parseIpv4Prefix } from "../address/ipv4-prefix.ts";
import { formatIpv4Range, parseIpv4Range } from "../address/ipv4-range.ts";
import type { Gateway, Link, SourceNat } from "../config/gateway.ts";
import { planTopology } from "./plan-topology.ts";
import type { LabRoute } from "./topology.ts";

const address = (text: string) => defined(parseIpv4(text));
const prefix = (text: string) => defined(parseIpv4Prefix(text));
const range = (text: string) => defined(parseIpv4Range(text));
function defined<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

const link = (name: string, addresses: string[], gateway?: string): Link => ({
  name,
  interface: name,
  addresses: addresses.map(prefix),
  ...(gateway === undefined ? {} : { gateway: address(gateway) }),
});
const source = (from: string, out: string, to: SourceNat["to"], more: Partial<SourceNat> = {}): SourceNat => ({
  name: `${from} by ${out}`,
  from: [range(from)],
  except: [],
  untranslatedTo: [],
  out,
  to,
  ports: { selection: "preserve" },
  ...more,
});
const gatewayOf = (parts: Partial<Gateway>): Gateway => ({
  name: "g",
  links: [],
  pools: [],
  sourceNat: [],
  portForwards: [],
  staticNat: [],
  twiceNat: [],
  capacity: { connectionsPerSubscriber: 170, timeouts: { profile: "rfc", seconds: {} } },
  fastPath: "auto",
  ...parts,
});
const text = (route: LabRoute) =>
  `${route.type} ${route.destination}${route.via === undefined ? "" : ` via ${route.via}`} dev ${route.interface} table ${route.table}`;

const WAN = link("wan", ["61.138.177.2/27"], "61.138.177.1");
const LAN = link("lan", ["10.10.0.1/16"]);
const pool = (reachedBy: "address" | "proxy-arp" | "route", addresses = "61.138.177.4-61.138.177.5") => ({
  name: "public",
  addresses: [range(addresses)],
  ports: { first: 1024, last: 65535 },
  reachedBy,
});
const TO_POOL = { kind: "pool", pool: "public" } as const;

interface Case {
  readonly what: string;
  readonly gateway: Partial<Gateway>;
  readonly links?: readonly string[];
  readonly gatewayHost?: readonly string[];
  readonly inside?: readonly string[];
  readonly outside?: readonly string[];
  readonly rules?: readonly string[];
  readonly owned?: string;
  readonly assumptions?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: "a campus: one link each way, the pool as addresses",
    gateway: { links: [WAN, LAN], pools: [pool("address")], sourceNat: [source("10.10.1.0/24", "wan", TO_POOL)] },
    links: ["wan outside 61.138.177.1", "lan inside 10.10.0.2"],
    gatewayHost: [],
    inside: [
      "address 10.10.0.2/32 dev lan",
      "unicast 10.10.0.1/32 dev lan table 255",
      "local 10.10.0.0/16 dev lo table 255",
      "unicast 0.0.0.0/0 via 10.10.0.1 dev lan table 254",
    ],
    outside: [
      "address 61.138.177.1/32 dev wan",
      "unicast 61.138.177.2/32 dev wan table 255",
      "unicast 61.138.177.4/31 dev wan table 255",
      "local 0.0.0.0/0 dev lo table 255",
    ],
    owned: "10.10.0.0/16",
    assumptions: [],
  },
  {
    what: "a pool that is routed to the gateway",
    gateway: {
      links: [WAN, LAN],
      pools: [pool("route", "198.51.100.0/24")],
      sourceNat: [source("10.10.1.0/24", "wan", TO_POOL)],
    },
    outside: [
      "address 61.138.177.1/32 dev wan",
      "unicast 61.138.177.2/32 dev wan table 255",
      "unicast 198.51.100.0/24 via 61.138.177.2 dev wan table 255",
      "local 0.0.0.0/0 dev lo table 255",
    ],
  },
  {
    what: "a pool by proxy ARP is on the link for the outside",
    gateway: { links: [WAN, LAN], pools: [pool("proxy-arp")], sourceNat: [source("10.10.1.0/24", "wan", TO_POOL)] },
    outside: [
      "address 61.138.177.1/32 dev wan",
      "unicast 61.138.177.2/32 dev wan table 255",
      "unicast 61.138.177.4/31 dev wan table 255",
      "local 0.0.0.0/0 dev lo table 255",
    ],
  },
  {
    what: "subscribers behind a router inside: the gateway gets a route to them",
    gateway: { links: [WAN, LAN], sourceNat: [source("10.99.0.0-10.99.0.2", "wan", { kind: "masquerade" })] },
    gatewayHost: [
      "unicast 10.99.0.0/31 via 10.10.0.2 dev lan table 254",
      "unicast 10.99.0.2/32 via 10.10.0.2 dev lan table 254",
    ],
    owned: "10.10.0.0/16 10.99.0.0-10.99.0.2",
  },
  {
    what: "from: everybody is no range to own",
    gateway: { links: [WAN, LAN], sourceNat: [source("0.0.0.0/0", "wan", { kind: "masquerade" })] },
    gatewayHost: [],
    owned: "10.10.0.0/16",
    assumptions: ["0.0.0.0/0 stands for everybody: the lab's subscribers live in the links' own networks"],
  },
  {
    what: "a wide from that covers the outside link does not take it",
    gateway: {
      links: [link("wan", ["10.255.0.2/24"], "10.255.0.1"), link("lan", ["10.0.0.1/24"])],
      sourceNat: [source("10.0.0.0/8", "wan", { kind: "masquerade" })],
    },
    owned: "10.0.0.0-10.254.255.255 10.255.1.0-10.255.255.255",
  },
  {
    what: "links without addresses, as DHCP leaves them",
    gateway: {
      links: [link("eth0", []), link("eth1", [])],
      sourceNat: [source("10.0.0.0/24", "eth0", { kind: "masquerade" })],
    },
    links: ["eth0 outside 192.0.2.1", "eth1 inside 198.51.100.10"],
    gatewayHost: [
      "address 192.0.2.2/29 dev eth0",
      "address 198.51.100.9/29 dev eth1",
      "unicast 10.0.0.0/24 via 198.51.100.10 dev eth1 table 254",
      "unicast 0.0.0.0/0 dev eth0 table 254",
    ],
    assumptions: [
      "link eth0 has no network in the file: in the lab it has 192.0.2.2/29",
      "link eth1 has no network in the file: in the lab it has 198.51.100.9/29",
      "no link has a gateway: the lab's default route leaves by eth0",
    ],
  },
  {
    what: "a single address with a gateway next to it, as clouds give it",
    gateway: { links: [link("wan", ["203.0.113.9/32"], "172.31.1.1"), LAN] },
    links: ["wan outside 172.31.1.1", "lan inside 10.10.0.2"],
    gatewayHost: ["address 172.31.1.2/24 dev wan"],
  },
  {
    what: "no link leads inside",
    gateway: { links: [WAN], sourceNat: [source("10.0.0.0/30", "wan", { kind: "masquerade" })] },
    links: ["wan outside 61.138.177.1", "lab-lan inside 198.51.100.10"],
    assumptions: [
      "no link of the file leads inside: the lab adds lab-lan",
      "link lab-lan has no network in the file: in the lab it has 198.51.100.9/29",
    ],
  },
  {
    what: "two links inside: the second one's sources have a table of their own",
    gateway: {
      links: [WAN, LAN, link("dmz", ["10.20.0.1/24"])],
      sourceNat: [source("10.10.1.0/24", "wan", { kind: "masquerade" })],
    },
    inside: [
      "address 10.10.0.2/32 dev lan",
      "address 10.20.0.2/32 dev dmz",
      "unicast 10.10.0.1/32 dev lan table 255",
      "unicast 10.20.0.1/32 dev dmz table 255",
      "local 10.10.0.0/16 dev lo table 255",
      "local 10.20.0.0/24 dev lo table 255",
      "unicast 0.0.0.0/0 via 10.10.0.1 dev lan table 254",
      "unicast 0.0.0.0/0 via 10.20.0.1 dev dmz table 101",
    ],
    rules: ["from 10.20.0.0/24 table 101 priority 1001"],
  },
  {
    what: "a forward listens on a link without a gateway: that link is outside",
    gateway: {
      links: [link("wan", ["203.0.113.2/24"]), LAN],
      portForwards: [
        {
          name: "web",
          protocol: "tcp",
          listen: { address: address("203.0.113.2"), ports: { first: 80, last: 80 } },
          to: { address: address("10.10.0.9"), ports: { first: 8000, last: 8000 } },
        },
      ],
    },
    links: ["wan outside 203.0.113.1", "lan inside 10.10.0.2"],
  },
  {
    what: "static NAT and untranslated destinations",
    gateway: {
      links: [WAN, LAN],
      sourceNat: [source("10.10.1.0/24", "wan", { kind: "masquerade" }, { untranslatedTo: [range("172.16.0.0/12")] })],
      staticNat: [
        { name: "s", public: range("61.138.177.30"), private: range("10.10.0.4"), out: "wan", reachedBy: "route" },
      ],
    },
    outside: [
      "address 61.138.177.1/32 dev wan",
      "unicast 61.138.177.2/32 dev wan table 255",
      "unicast 61.138.177.30/32 via 61.138.177.2 dev wan table 255",
      "unicast 10.10.1.0/24 via 61.138.177.2 dev wan table 255",
      "local 0.0.0.0/0 dev lo table 255",
    ],
  },
  {
    what: "twice NAT between networks of the same addresses",
    gateway: {
      links: [link("lan", ["192.168.1.254/24"]), link("vpn", ["172.16.0.1/30"])],
      twiceNat: [
        {
          name: "branch",
          inside: { link: "lan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.1.1.0/24") },
          outside: {
            link: "vpn",
            hosts: prefix("192.168.1.0/24"),
            seenAs: prefix("10.2.2.0/24"),
            via: address("172.16.0.2"),
          },
        },
      ],
    },
    links: ["lan inside 192.168.1.1", "vpn outside 172.16.0.2"],
    gatewayHost: ["unicast 0.0.0.0/0 dev vpn table 254"],
    inside: [
      "address 192.168.1.1/32 dev lan",
      "unicast 192.168.1.254/32 dev lan table 255",
      "local 192.168.1.0/24 dev lo table 255",
      "unicast 0.0.0.0/0 via 192.168.1.254 dev lan table 254",
    ],
    outside: [
      "address 172.16.0.2/32 dev vpn",
      "unicast 172.16.0.1/32 dev vpn table 255",
      "unicast 10.1.1.0/24 via 172.16.0.1 dev vpn table 255",
      "local 0.0.0.0/0 dev lo table 255",
    ],
  },
];

for (const wanted of CASES) {
  test(wanted.what, () => {
    const topology = planTopology(gatewayOf(wanted.gateway), "id");
    const host = (side: "gateway" | "inside" | "outside") => [
      ...topology[side].addresses.map((own) => `address ${own.address}/${own.length} dev ${own.interface}`),
      ...topology[side].routes.map(text),
    ];
    const found: Record<string, unknown> = {
      links: topology.links.map(
        (entry) => `${entry.name} ${entry.side} ${formatIpv4Range({ first: entry.neighbour, last: entry.neighbour })}`,
      ),
      gatewayHost: host("gateway"),
      inside: host("inside"),
      outside: host("outside"),
      rules: topology.inside.sourceRules.map(
        (rule) => `from ${rule.from} table ${rule.table} priority ${rule.priority}`,
      ),
      owned: topology.inside.owned.map(formatIpv4Range).join(" "),
      assumptions: topology.assumptions,
    };
    const { what: _what, gateway: _gateway, ...expected } = wanted;
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value, name);
  });
}

test("the namespaces carry the lab's id", () => {
  assert.deepEqual(planTopology(gatewayOf({ links: [WAN, LAN] }), "tibako").namespaces, {
    gateway: "mn-tibako-gw",
    inside: "mn-tibako-in",
    outside: "mn-tibako-out",
  });
});

const forward = (protocol: "tcp" | "udp", first: number, last: number) => ({
  name: `${protocol}${first}`,
  protocol,
  listen: { address: address("61.138.177.3"), ports: { first, last } },
  to: { address: address("10.10.0.2"), ports: { first, last } },
});

test("services listen where forwards lead, a wide range by its first ports and its last", () => {
  const { services } = planTopology(
    gatewayOf({ links: [WAN, LAN], portForwards: [forward("tcp", 8443, 8443), forward("udp", 20000, 20100)] }),
    "id",
  );
  assert.deepEqual(services.outside, { http: [80, 8080], tcpEcho: [7], udpEcho: [7] });
  assert.deepEqual(services.inside.http, [80, 8080, 8443]);
  assert.deepEqual(services.inside.udpEcho, [7, ...Array.from({ length: 32 }, (_, index) => 20000 + index), 20100]);
});
