import assert from "node:assert/strict";
import { test } from "node:test";
import { nftCounters, parseIptablesSave, parseRuleTexts } from "./rule-counters.ts";

const LISTING = `table ip shop { # handle 1
	counter seen { # handle 2
		packets 7 bytes 70
	}

	chain in { # handle 1
		type filter hook input priority filter; policy accept;
		ip saddr { 1.2.3.4, 5.6.7.8 } tcp dport 22 counter packets 3 bytes 180 accept comment "x" # handle 7
		ip saddr { 1.2.3.4,
			   5.6.7.8 } counter packets 0 bytes 0 # handle 9
	}
}
table ip6 shop { # handle 2
	chain in { # handle 1
		counter packets 1 bytes 2 # handle 7
	}
}
`;

test("rules in words, by table and handle, without their numbers", () => {
  assert.deepEqual(
    [...parseRuleTexts(LISTING)],
    [
      ["ip/shop/7", 'ip saddr { 1.2.3.4, 5.6.7.8 } tcp dport 22 counter accept comment "x"'],
      ["ip/shop/9", "ip saddr { 1.2.3.4, 5.6.7.8 } counter"],
      ["ip6/shop/7", "counter"],
    ],
  );
});

test("rules, named counters, and elements that count", () => {
  const objects = [
    { table: { family: "ip", name: "shop", handle: 1 } },
    { counter: { family: "ip", name: "seen", table: "shop", handle: 2, packets: 7, bytes: 70 } },
    { set: { family: "ip", name: "quiet", table: "shop", type: "ipv4_addr" } },
    { map: { family: "ip", name: "hosts", table: "shop", type: "ipv4_addr", stmt: [{ counter: null }] } },
    { rule: { family: "ip", table: "shop", chain: "in", handle: 7, expr: [{ counter: { packets: 3, bytes: 180 } }] } },
    { rule: { family: "ip", table: "shop", chain: "in", handle: 8, expr: [{ counter: "seen" }, { xt: null }] } },
  ];
  const elements = [
    [{ elem: { val: "9.9.9.9", counter: { packets: 1, bytes: 10 } } }, { accept: null }],
    [{ elem: { val: { prefix: { addr: "10.0.0.0", len: 8 } }, counter: { packets: 2, bytes: 30 } } }, { drop: null }],
  ];
  const asked: unknown[] = [];
  const found = nftCounters(objects, parseRuleTexts(LISTING), (kind, name) => {
    asked.push([kind, name]);
    return [{ map: { elem: elements } }];
  });
  assert.deepEqual(asked, [["map", { family: "ip", table: "shop", name: "hosts" }]]);
  assert.deepEqual(
    found.map(({ kind, id, text, packets, bytes }) => [kind, id, text, packets, bytes]),
    [
      ["counter", "ip/shop/seen", "counter seen", 7, 70],
      ["map", "ip/shop/hosts", "all 2 elements of map hosts", 3, 40],
      ["element", "ip/shop/hosts/9.9.9.9", "9.9.9.9", 1, 10],
      ["element", "ip/shop/hosts/10.0.0.0/8", "10.0.0.0/8", 2, 30],
      ["rule", "ip/shop/in/7", 'ip saddr { 1.2.3.4, 5.6.7.8 } tcp dport 22 counter accept comment "x"', 3, 180],
    ],
  );
});

test("iptables-save -c: policies and rules, numbered in their chain", () => {
  const text = `# Generated
*nat
:POSTROUTING ACCEPT [5:300]
:DOCKER - [0:0]
[1:60] -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
[2:120] -A POSTROUTING -j RETURN
[0:0] -A DOCKER -i docker0 -j RETURN
COMMIT
`;
  assert.deepEqual(
    parseIptablesSave(text, "iptables-legacy").map(({ kind, id, text, packets }) => [kind, id, text, packets]),
    [
      ["policy", "legacy-ip/nat/POSTROUTING/policy", "policy ACCEPT", 5],
      ["rule", "legacy-ip/nat/POSTROUTING/1", "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", 1],
      ["rule", "legacy-ip/nat/POSTROUTING/2", "-j RETURN", 2],
      ["rule", "legacy-ip/nat/DOCKER/1", "-i docker0 -j RETURN", 0],
    ],
  );
});
