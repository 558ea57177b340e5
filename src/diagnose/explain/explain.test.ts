import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { lookUpRoute } from "../look-up-route.ts";
import { readRuleset } from "../rules/read-ruleset.ts";
import type { Ruleset } from "../rules/ruleset.ts";
import type { FlowSignal, FlowTuple, PortUseSignal } from "../signals/table.ts";
import type { Explanation } from "./explanation.ts";
import { explain, journeyOf } from "./explain.ts";
import type { Ground, RouteReply } from "./way.ts";

// Tables of connections, rules and facts, and what explain says. The rules are iptables', as they are saved.

const NAT = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.2/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.64.9.10:80
-A POSTROUTING -s 10.64.0.0/16 -o wan -p udp -j SNAT --to-source 203.0.113.10-203.0.113.13:2000-2999
-A POSTROUTING -s 10.64.0.0/16 -o wan -j MASQUERADE --random-fully
COMMIT
`;

const OUT: FlowTuple = { source: "10.64.1.9", sourcePort: 40_000, destination: "198.51.100.80", destinationPort: 443 };
const IN: FlowTuple = { source: "198.51.100.7", sourcePort: 50_000, destination: "203.0.113.2", destinationPort: 8080 };

function filter(...rules: readonly string[]): string {
  return ["*filter", ":FORWARD ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ...rules, "COMMIT", ""].join("\n");
}

interface Asked {
  readonly protocol?: number;
  readonly tuple?: FlowTuple;
  readonly incoming?: string;
  readonly flow?: FlowSignal;
  readonly rules?: string;
  readonly changes?: SignalChanges;
  readonly route?: Ground["route"];
  readonly portUse?: readonly PortUseSignal[];
}

function explained({
  protocol = 6,
  tuple = OUT,
  incoming = "lan",
  flow,
  rules = NAT,
  changes,
  route,
  portUse = [],
}: Asked): Explanation {
  const all = signals(changes);
  const ruleset = read(rules);
  const ground: Ground = {
    rules: ruleset,
    surroundings: { addressType: (address) => (address === "203.0.113.2" ? "local" : "unicast") },
    route:
      route ??
      (({ destination, source, incoming: by }): RouteReply => {
        const found = lookUpRoute(all.network, {
          destination,
          source,
          ...(by === undefined ? {} : { incoming: by }),
        })?.route;
        if (found?.interface === undefined) return { kind: "refused", why: "no-route", detail: "there is no route" };
        const { interface: name, via } = found;
        return {
          kind: found.type === "local" ? "local" : "leaves",
          interface: name,
          ...(via === undefined ? {} : { via }),
        };
      }),
  };
  const facts = {
    protocol,
    tuple,
    begin: { origin: "network" as const, incoming },
    signals: all,
    ground,
    neighbour: (_: string, address: string) => (address === "203.0.113.1" ? "reachable" : undefined),
    ...(flow === undefined ? {} : { flow }),
  };
  return explain(facts, journeyOf(facts), { findings: [], portUse });
}

function read(saved: string): Ruleset {
  return readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved: { "iptables-legacy": saved } });
}

const STANDING: FlowSignal = {
  family: 4,
  protocol: 6,
  original: OUT,
  reply: { source: "198.51.100.80", sourcePort: 443, destination: "203.0.113.2", destinationPort: 2345 },
  state: "ESTABLISHED",
  status: ["seen-reply", "assured", "confirmed", "snat", "snat-done", "dnat-done"],
  timeout: 7000,
  zone: 0,
  mark: 0,
  packets: [12, 10],
  bytes: [1200, 9000],
};

const VERDICTS: readonly (readonly [name: string, asked: Asked, passes: Explanation["passes"], verdict: RegExp])[] = [
  [
    "masquerading",
    {},
    "yes",
    /^a new connection tcp .*; its source becomes 203\.0\.113\.2, one of ports 1024-65535 at random; nothing stops it\.$/,
  ],
  [
    "a pool with ports of its own",
    { protocol: 17 },
    "yes",
    /its source becomes one of 203\.0\.113\.10-203\.0\.113\.13, one of ports 2000-2999; nothing/,
  ],
  [
    "a port forward",
    { tuple: IN, incoming: "wan" },
    "yes",
    /its destination becomes 10\.64\.9\.10, port 80; nothing stops it/,
  ],
  [
    "a rule that drops",
    { rules: NAT + filter("-A FORWARD -d 198.51.100.0/24 -j DROP") },
    "no",
    /it is dropped by rule 1 of chain FORWARD in table filter of iptables-legacy: -d 198\.51\.100\.0\/24 -j DROP \(at forward\)\.$/,
  ],
  [
    "a rule that drops answers",
    { rules: NAT + filter("-A FORWARD -i lan -j ACCEPT", "-A FORWARD -j DROP") },
    "no",
    /its answers do not come back: it is dropped by rule 2 of chain FORWARD/,
  ],
  [
    "a rule that counts",
    {
      rules:
        NAT +
        filter("-A FORWARD -p tcp -m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr -j DROP"),
    },
    "perhaps",
    /whether it passes cannot be said for sure: it leaves by wan .*, unless it is dropped by rule 1 of chain FORWARD/,
  ],
  [
    "a route that is missing",
    { route: () => ({ kind: "refused", why: "no-route", detail: "there is no route to 198.51.100.80" }) },
    "no",
    /routing refuses it: there is no route to 198\.51\.100\.80\.$/,
  ],
  [
    "a full table",
    { changes: { levels: { "conntrack.count": 262_144, "conntrack.max": 262_144 } } },
    "no",
    /it is refused: the connection table is full \(262,144 of 262,144 connections\)/,
  ],
  [
    "a connection in the table",
    { flow: STANDING },
    "yes",
    /^a connection, ESTABLISHED, tcp .*; its source becomes 203\.0\.113\.2:2345; nothing stops it\.$/,
  ],
  [
    "a connection whose packets are dropped now",
    { flow: STANDING, rules: NAT + filter("-A FORWARD -m conntrack --ctstate ESTABLISHED -j REJECT") },
    "no",
    /it is rejected by rule 1 of chain FORWARD/,
  ],
];

for (const [name, asked, passes, verdict] of VERDICTS) {
  test(`the verdict on ${name}`, () => {
    const found = explained(asked);
    assert.match(found.verdict, verdict);
    assert.equal(found.passes, passes);
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
  });
}

test("a connection in the table: its entry, its rule, its timer", () => {
  const { kind, connection, translations, ways, limits } = explained({
    flow: STANDING,
    changes: { settings: { "net.netfilter.nf_conntrack_tcp_timeout_established": "7440" } },
  });
  assert.equal(kind, "connection");
  assert.equal(connection?.timer.full, 7440);
  assert.match(connection.timer.meaning, /^every packet winds it up again; .* Silent for 7 min, if no rule/);
  assert.deepEqual(connection.says, [
    "it is assured: it is not thrown out to make room",
    "12 packets (1,200 bytes) there, 10 (9,000 bytes) back",
  ]);
  assert.deepEqual(
    translations.map(({ to, rule }) => [to, rule?.text]),
    [["203.0.113.2:2345", "-s 10.64.0.0/16 -o wan -j MASQUERADE --random-fully"]],
  );
  assert.deepEqual(
    ways.map(({ packet, text }) => [packet, text]),
    [
      ["next", "it leaves by wan as 203.0.113.2:2345 > 198.51.100.80:443"],
      ["answer", "it leaves by lan as 198.51.100.80:443 > 10.64.1.9:40000"],
    ],
  );
  assert.deepEqual(limits, []);
});

test("rules see a connection's packets untranslated before, translated after the place of translation", () => {
  const mangle = `*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.2/32 -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -d 10.64.1.9/32 -j MARK --set-xmark 0x2/0xffffffff
-A FORWARD -d 10.64.1.9/32 -j MARK --set-xmark 0x3/0xffffffff
COMMIT
`;
  const answer = explained({ flow: STANDING, rules: NAT + mangle }).ways[1];
  const hit = answer?.steps.flatMap((step) => (step.kind === "hook" ? step.rules.map(({ text }) => text) : []));
  assert.deepEqual(hit, [
    "-d 203.0.113.2/32 -j MARK --set-xmark 0x1/0xffffffff",
    "-d 10.64.1.9/32 -j MARK --set-xmark 0x3/0xffffffff",
  ]);
});

test("a connection that no rule would translate so today", () => {
  const { translations } = explained({ flow: STANDING, rules: filter() });
  assert.deepEqual(translations, [
    {
      side: "source",
      from: "10.64.1.9:40000",
      to: "203.0.113.2:2345",
      addresses: [{ first: "203.0.113.2", last: "203.0.113.2" }],
      ports: { first: 2345, last: 2345 },
      certainty: "yes",
    },
  ]);
});

test("ports left towards the destination", () => {
  const use = (address: string, used: number, refusalChance: number): PortUseSignal => ({
    address,
    protocol: 17,
    destination: "198.51.100.80",
    destinationPort: 443,
    ports: { first: 2000, last: 2999 },
    used,
    occupancy: used / 1000,
    refusalChance,
    subscribers: [{ key: "10.64.2.2", count: used }],
  });
  const { limits, passes } = explained({
    protocol: 17,
    portUse: [use("203.0.113.10", 990, 0.25), use("203.0.113.99", 1000, 1)],
  });
  assert.equal(passes, "perhaps");
  assert.deepEqual(
    limits.filter(({ id }) => id === "ports"),
    [
      {
        id: "ports",
        state: "may-refuse",
        text: "203.0.113.10 has 10 of 1,000 ports (2000-2999) left towards 198.51.100.80:443: 99.0 % in use, so the next one is refused with 25.0 %, if it gets this address; most of them by 10.64.2.2 (990)",
        chance: 0.25,
      },
    ],
  );
});
