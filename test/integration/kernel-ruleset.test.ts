import assert from "node:assert/strict";
import { test } from "node:test";
import { matchPacket } from "../../src/diagnose/rules/evaluate/match-packet.ts";
import { firstPacket } from "../../src/diagnose/rules/packet.ts";
import { readRuleset } from "../../src/diagnose/rules/read-ruleset.ts";
import { readGeneration, runNft } from "../../src/kernel/nftables.ts";
import { lookUpElement } from "../../src/kernel/ruleset/look-up-element.ts";
import { readRulesetSources } from "../../src/kernel/ruleset/read.ts";
import { countElements } from "../../src/kernel/ruleset/set-elements.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const SETS = `table ip t {
  set few { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.1-192.0.2.5 }; }
  set many { type ipv4_addr . inet_service; elements = { ${Array.from({ length: 3000 }, (_, i) => `10.1.${i >> 8}.${i & 255} . 80`).join(", ")} }; }
  map ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; elements = { 192.0.2.1 . tcp . 80 : 10.0.0.1 . 8080 }; }
  map blocks { type ipv4_addr : interval ipv4_addr . inet_service; elements = { 10.0.0.9 : 192.0.2.1 . 1024-2047 }; }
  map way { type ifname . mark : verdict; elements = { "lan" . 7 : jump web }; }
  set none { type mark; }
  chain web { counter drop; }
  chain forward { type filter hook forward priority 0; ip daddr . tcp dport @many counter accept; iifname . mark vmap @way; ip daddr @few counter drop; }
  chain prerouting { type nat hook prerouting priority -100; dnat ip to ip daddr . meta l4proto . th dport map @ports; }
  chain postrouting { type nat hook postrouting priority 100; meta l4proto tcp snat ip to ip saddr map @blocks; }
}
`;

test("elements are counted, and read where they are few", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  runNft(namespace, SETS);
  const set = { family: "ip", table: "t" };
  assert.equal(countElements(namespace, { ...set, name: "none" }, 10), 0);
  assert.equal(countElements(namespace, { ...set, name: "gone" }, 10), 0);
  assert.equal(countElements(namespace, { ...set, name: "many" }, 10_000), 3000);
  assert.ok(countElements(namespace, { ...set, name: "many" }, 10) < 3000);
  const { elements, failed } = readRulesetSources(namespace);
  assert.deepEqual(failed, []);
  assert.deepEqual(
    [...elements].map(([id, list]) => [id, list.length]),
    [
      ["ip/t/few", 2],
      ["ip/t/none", 0],
      ["ip/t/ports", 1],
      ["ip/t/blocks", 1],
      ["ip/t/way", 1],
    ],
  );
});

test("single elements are found in sets and maps of every kind", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  runNft(namespace, SETS);
  for (const [name, key, expected] of [
    ["few", ["10.2.3.4"], { present: true }],
    ["few", ["11.2.3.4"], { present: false }],
    ["many", ["10.1.4.4", "80"], { present: true }],
    ["many", ["10.1.4.4", "81"], { present: false }],
    ["ports", ["192.0.2.1", "6", "80"], { present: true, data: "10.0.0.1 . 8080" }],
    ["blocks", ["10.0.0.9"], { present: true, data: "192.0.2.1 . 1024-2047" }],
    ["way", ['"lan"', "7"], { present: true, data: "jump web" }],
    ["way", ['"wan"', "7"], { present: false }],
  ] as const) {
    assert.deepEqual(
      lookUpElement(namespace, { family: "ip", table: "t", name }, key),
      expected,
      `${name} ${key.join(" . ")}`,
    );
  }
});

test("a walk is the same with elements read and with elements asked for", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  runNft(namespace, SETS);
  const packet = firstPacket(
    { source: "10.0.0.9", destination: "192.0.2.1", protocol: 6, sourcePort: 5, destinationPort: 80 },
    { inInterface: "lan", outInterface: "wan" },
  );
  const element: NonNullable<Parameters<typeof matchPacket>[3]>["element"] = (set, key) =>
    lookUpElement(namespace, set, key);
  const [read, asked] = [1_000_000, -1].map((maxElements) =>
    readRuleset(readRulesetSources(namespace, { maxElements })),
  );
  assert.ok(read !== undefined && asked !== undefined);
  assert.ok([...asked.sets.values()].every(({ elements }) => elements === undefined));
  for (const [hook, at] of [
    ["prerouting", packet],
    ["forward", packet],
    ["forward", { ...packet, mark: 7 }],
    ["forward", { ...packet, destination: "10.1.2.3" }],
    ["postrouting", packet],
  ] as const) {
    const result = matchPacket(read, at, hook);
    assert.deepEqual(comparable(matchPacket(asked, at, hook, { element })), comparable(result));
    assert.ok(result.hits.every(({ matches }) => matches === "yes"));
  }
  assert.deepEqual(matchPacket(asked, packet, "prerouting", { element }).translations[0]?.to, {
    address: "10.0.0.1",
    port: 8080,
  });
});

function comparable({ hits, endings, passes, packet }: ReturnType<typeof matchPacket>): unknown {
  return [
    hits.map(({ rule, matches }) => [rule.id, matches]),
    endings.map(({ verdict, rule }) => [verdict, rule?.id]),
    passes,
    packet,
  ];
}

test("reading changes nothing and loads no tables", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  run(namespace, "iptables-nft", "-A", "FORWARD", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "DROP");
  const generation = readGeneration(namespace);
  const { saved } = readRulesetSources(namespace);
  assert.equal(readGeneration(namespace), generation);
  assert.deepEqual(Object.keys(saved), ["iptables-nft"]);
});

test("a rule that nft added to a table of iptables keeps nft's words", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  run(namespace, "iptables-nft", "-A", "FORWARD", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "DROP");
  run(namespace, "iptables-nft", "-A", "FORWARD", "-s", "10.0.0.0/8", "-p", "tcp", "--dport", "80:90", "-j", "DROP");
  const native = "ip saddr { 10.0.0.1, 10.0.0.3 } counter accept";
  runNft(namespace, `add rule ip filter FORWARD ${native}`);
  // What iptables-nft-save makes of it would let everybody pass.
  const { chains, unread } = readRuleset(readRulesetSources(namespace));
  assert.deepEqual(
    chains.get("ip/filter/FORWARD")?.rules.map(({ program, text, parts }) => [program, text, parts.length]),
    [
      ["iptables-nft", "-m addrtype --dst-type LOCAL -j DROP", 3],
      ["iptables-nft", "-s 10.0.0.0/8 -p tcp -m tcp --dport 80:90 -j DROP", 5],
      ["nft", native, 3],
    ],
  );
  assert.deepEqual(unread, []);
});

test("a table that iptables no longer understands is told, and its rules are in doubt", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  run(namespace, "iptables-nft", "-A", "FORWARD", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "DROP");
  runNft(namespace, "add rule ip filter FORWARD ct state established counter accept");
  const ruleset = readRuleset(readRulesetSources(namespace));
  assert.deepEqual(ruleset.unread, [
    "iptables-nft-save: # Table `filter' is incompatible, use 'nft' tool.",
    "iptables-nft-save does not show the rules of chain ip filter FORWARD as nft does",
  ]);
  const packet = firstPacket({ source: "10.0.0.9", destination: "192.0.2.1", protocol: 6 });
  assert.deepEqual(
    matchPacket(ruleset, packet, "forward").hits.map(({ rule, matches }) => [rule.text, matches]),
    [["fib daddr type local counter drop", "perhaps"]],
  );
});
