import assert from "node:assert/strict";
import { test } from "node:test";
import { addressTypes, firstPacket, type Packet, type Surroundings } from "../packet.ts";
import { readRuleset } from "../read-ruleset.ts";
import type { Hook, Ruleset } from "../ruleset.ts";
import { matchPacket } from "./match-packet.ts";

/** Rules as iptables-save has them, in the older packet filter. */
function rules(text: string): Ruleset {
  return readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved: { "iptables-legacy": text } });
}

function filter(policy: string, ...lines: readonly string[]): Ruleset {
  return rules(["*filter", `:FORWARD ${policy} [0:0]`, ":A - [0:0]", ":B - [0:0]", ...lines, "COMMIT", ""].join("\n"));
}

const SYN = firstPacket(
  { source: "10.0.0.1", destination: "192.0.2.1", protocol: 6, sourcePort: 1000, destinationPort: 80 },
  { inInterface: "lan", outInterface: "wan" },
);

/** What became of the packet: rules passed (with ? if perhaps), what ends it, whether it passes. */
function outcome(
  ruleset: Ruleset,
  packet: Packet = SYN,
  hook: Hook = "forward",
  surroundings: Surroundings = {},
): string {
  const { hits, endings, passes } = matchPacket(ruleset, packet, hook, surroundings);
  const mark = (certainty: string): string => (certainty === "yes" ? "" : "?");
  const passed = hits
    .filter(({ counts }) => counts !== "no")
    .map(({ rule, matches }) => `${rule.chain}${rule.number}${mark(matches)}`);
  const ended = endings.map(
    ({ verdict, rule, certainty }) =>
      `${verdict}:${rule === undefined ? "policy" : rule.chain + rule.number}${mark(certainty)}`,
  );
  return `${passed.join(" ")} | ${ended.join(" ")} | ${passes}`;
}

test("verdicts, jumps, returns and policies", () => {
  for (const [policy, lines, expected] of [
    ["ACCEPT", [], " |  | yes"],
    ["DROP", [], " | drop:policy | no"],
    ["DROP", ["-A FORWARD -j ACCEPT"], "FORWARD1 |  | yes"],
    ["ACCEPT", ["-A FORWARD -s 10.0.0.0/8 -j DROP", "-A FORWARD -j ACCEPT"], "FORWARD1 | drop:FORWARD1 | no"],
    ["ACCEPT", ["-A FORWARD ! -s 10.0.0.0/8 -j DROP", "-A FORWARD"], "FORWARD2 |  | yes"],
    [
      "DROP",
      ["-A FORWARD -j A", "-A FORWARD -j ACCEPT", "-A A -j RETURN", "-A A -j DROP"],
      "FORWARD1 A1 FORWARD2 |  | yes",
    ],
    ["DROP", ["-A FORWARD -g A", "-A FORWARD -j ACCEPT", "-A A -p udp -j DROP"], "FORWARD1 | drop:policy | no"],
    [
      "DROP",
      ["-A FORWARD -j A", "-A A -g B", "-A A -j DROP", "-A B -j RETURN", "-A FORWARD -j ACCEPT"],
      "FORWARD1 A1 B1 FORWARD2 |  | yes",
    ],
    ["ACCEPT", ["-A FORWARD -j REJECT --reject-with tcp-reset"], "FORWARD1 | reject:FORWARD1 | no"],
    ["ACCEPT", ["-A FORWARD -p udp -m udp ! --dport 53 -j DROP"], " |  | yes"],
    ["ACCEPT", ["-A FORWARD -m multiport --ports 22,79:81 -j DROP"], "FORWARD1 | drop:FORWARD1 | no"],
    ["ACCEPT", ["-A FORWARD -i l+ ! -o wan -j DROP"], " |  | yes"],
    ["ACCEPT", ["-A FORWARD -m conntrack ! --ctstate NEW,UNTRACKED -j DROP"], " |  | yes"],
    ["ACCEPT", ["-A FORWARD -m conntrack --ctstate DNAT -j DROP"], " |  | yes"],
    ["ACCEPT", ["-A FORWARD -m iprange ! --src-range 10.0.0.2-10.0.0.9 -j DROP"], "FORWARD1 | drop:FORWARD1 | no"],
    [
      "ACCEPT",
      ["-A FORWARD -j MARK --set-xmark 0x6/0xf", "-A FORWARD -m mark --mark 0x2/0x2 -j DROP"],
      "FORWARD1 FORWARD2 | drop:FORWARD2 | no",
    ],
    ["ACCEPT", ["-A FORWARD -m mark ! --mark 0x0 -j DROP"], " |  | yes"],
  ] as const) {
    assert.equal(outcome(filter(policy, ...lines)), expected, lines.join("; "));
  }
});

test("what cannot be decided leaves both ways open", () => {
  const perhaps = "-m set --match-set bad src";
  for (const [policy, lines, expected] of [
    ["ACCEPT", [`-A FORWARD ${perhaps} -j DROP`], "FORWARD1? | drop:FORWARD1? | perhaps"],
    ["DROP", [`-A FORWARD ${perhaps} -j DROP`], "FORWARD1? | drop:FORWARD1? drop:policy? | no"],
    ["DROP", [`-A FORWARD ${perhaps} -j ACCEPT`], "FORWARD1? | drop:policy? | perhaps"],
    ["ACCEPT", [`-A FORWARD ${perhaps} -p udp -j DROP`], " |  | yes"],
    [
      "ACCEPT",
      [`-A FORWARD ${perhaps} -j A`, "-A A -j DROP", "-A FORWARD -j ACCEPT"],
      "FORWARD1? A1? FORWARD2? | drop:A1? | perhaps",
    ],
    [
      "DROP",
      ["-A FORWARD -j A", `-A A ${perhaps} -j RETURN`, "-A A -j ACCEPT"],
      "FORWARD1 A1? A2? | drop:policy? | perhaps",
    ],
    ["ACCEPT", ["-A FORWARD -m limit --limit 1/sec -j DROP"], "FORWARD1? | drop:FORWARD1? | perhaps"],
    // Bits that a rule perhaps set are not known, the others are.
    [
      "ACCEPT",
      [
        `-A FORWARD ${perhaps} -j MARK --set-xmark 0x1/0x1`,
        "-A FORWARD -m mark --mark 0x1/0x1 -j DROP",
        "-A FORWARD -m mark --mark 0x2/0x2 -j DROP",
      ],
      "FORWARD1? FORWARD2? | drop:FORWARD2? | perhaps",
    ],
  ] as const) {
    assert.equal(outcome(filter(policy, ...lines)), expected, lines.join("; "));
  }
});

test("what is not known of the packet is not guessed", () => {
  const { destinationPort: _, ...portless } = SYN;
  const blocked = filter("ACCEPT", "-A FORWARD -p tcp -m tcp --dport 80 -j DROP");
  assert.equal(outcome(blocked, portless), "FORWARD1? | drop:FORWARD1? | perhaps");
  const local = filter("ACCEPT", "-A FORWARD -m addrtype --dst-type LOCAL -j DROP");
  assert.equal(outcome(local), "FORWARD1? | drop:FORWARD1? | perhaps");
  assert.equal(
    outcome(local, SYN, "forward", { addressType: addressTypes(["192.0.2.1"]) }),
    "FORWARD1 | drop:FORWARD1 | no",
  );
  assert.equal(outcome(local, SYN, "forward", { addressType: addressTypes([]) }), " |  | yes");
});

test("tables follow each other by priority, and a mark goes along", () => {
  const ruleset = rules(
    "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m mark --mark 0x7 -j DROP\nCOMMIT\n" +
      "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j MARK --set-xmark 0x7/0xffffffff\n-A FORWARD -j ACCEPT\nCOMMIT\n",
  );
  const { hits } = matchPacket(ruleset, SYN, "forward");
  assert.deepEqual(
    hits.map(({ rule }) => `${rule.table} ${rule.number}`),
    ["mangle 1", "mangle 2", "filter 1"],
  );
});

test("nat chains see first packets only, and the first translation counts", () => {
  const ruleset = rules(
    "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.9.9.9:8080\n-A PREROUTING -j DNAT --to-destination 10.8.8.8\nCOMMIT\n",
  );
  const first = matchPacket(ruleset, SYN, "prerouting");
  assert.deepEqual(
    first.translations.map(({ rule, certainty, to }) => [rule.number, certainty, to]),
    [[1, "yes", { address: "10.9.9.9", port: 8080 }]],
  );
  assert.deepEqual(
    [first.packet.destination, first.packet.destinationPort, first.packet.connection?.status],
    ["10.9.9.9", 8080, ["dnat"]],
  );
  const later: Packet = { ...SYN, connection: { state: "established", direction: "original" } };
  assert.deepEqual(matchPacket(ruleset, later, "prerouting").hits, []);
});

test("before conntrack a packet belongs to no connection, and notrack keeps it so", () => {
  const ruleset = rules(
    "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m conntrack --ctstate NEW -j DROP\n-A PREROUTING -j CT --notrack\nCOMMIT\n" +
      "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m conntrack --ctstate UNTRACKED -j DROP\nCOMMIT\n",
  );
  const { hits, endings } = matchPacket(ruleset, SYN, "prerouting");
  assert.deepEqual(
    hits.filter(({ counts }) => counts === "yes").map(({ rule }) => `${rule.table} ${rule.number}`),
    ["raw 2", "mangle 1"],
  );
  assert.deepEqual(
    endings.map(({ rule }) => rule?.table),
    ["mangle"],
  );
});
