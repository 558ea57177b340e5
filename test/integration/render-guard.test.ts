import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { listTable, runNft } from "../../src/kernel/nftables.ts";
import { addAddress } from "../../src/kernel/route/address.ts";
import { addVeth, setLinkUp } from "../../src/kernel/route/link.ts";
import { addPolicyRule } from "../../src/kernel/route/policy-rule.ts";
import { addRoute } from "../../src/kernel/route/route.ts";
import { writeSysctl } from "../../src/kernel/sysctl.ts";
import { parseListing } from "../../src/render/listing.ts";
import { writeRuleset } from "../../src/render/nft-text.ts";
import { renderState } from "../../src/render/render.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";
import { forward, link, planOf, pool, source, staticNat, twiceNat } from "../fixtures/plan-of.ts";

const STATE = renderState(
  planOf({
    links: [
      link("wan", "61.138.177.2/24", { gateway: "61.138.177.1" }),
      link("lan", "10.10.0.1/16"),
      link("vpn", "172.16.0.1/24"),
    ],
    pools: [pool("p", "61.138.178.0/30", { reachedBy: "route" })],
    sourceNat: [source("campus", "10.10.1.0/24", "p", { perSubscriber: 128, untranslatedTo: "192.0.2.0/24" })],
    portForwards: [forward("echo", "61.138.178.0:7/udp", "10.10.0.2")],
    staticNat: [staticNat("61.138.177.31", "10.10.0.4")],
    twiceNat: [twiceNat("branch", "lan 10.10.0.0/16 10.1.0.0/16", "vpn 10.10.0.0/16 10.2.0.0/16 172.16.0.2")],
  }),
);

interface Stage {
  readonly inside: string;
  readonly gateway: string;
  readonly outside: string;
}

/** Hosts inside and outside, and between them a gateway that routes but does not translate yet. */
function openStage(t: TestContext): Stage {
  const stage = { inside: ownNamespace(t), gateway: ownNamespace(t), outside: ownNamespace(t) };
  const { inside, gateway, outside } = stage;
  addVeth(gateway, "lan", inside, "lan");
  addVeth(gateway, "wan", outside, "wan");
  // The far end of vpn is here as well: no packet of these tests may get there.
  addVeth(gateway, "vpn", outside, "vpn");
  for (const name of ["wan", "vpn"]) setLinkUp(outside, name, true);
  setLinkUp(inside, "lan", true);
  for (const name of STATE.interfacesUp) setLinkUp(gateway, name, true);
  for (const address of ["10.10.0.2", "10.10.0.4", "10.10.0.9", "10.10.1.5"])
    addAddress(inside, { interface: "lan", address, length: 16 });
  addRoute(inside, { destination: "0.0.0.0/0", via: "10.10.0.1" });
  addAddress(outside, { interface: "wan", address: "61.138.177.1", length: 24 });
  addAddress(outside, { interface: "lo", address: "203.0.113.9", length: 32 });
  addAddress(outside, { interface: "lo", address: "192.0.2.9", length: 32 });
  addRoute(outside, { destination: "61.138.178.0/30", via: "61.138.177.2" });
  for (const setting of STATE.addresses) addAddress(gateway, setting);
  for (const setting of STATE.routes) addRoute(gateway, setting);
  for (const setting of STATE.policyRules) addPolicyRule(gateway, setting);
  writeSysctl(gateway, "net.ipv4.ip_forward", "1");
  return stage;
}

/** Sends one UDP packet from the address, by source port 40000. */
function send(namespace: string, from: string, to: string, port: number): void {
  const script = `const socket = require("node:dgram").createSocket("udp4");
    socket.on("error", () => {});
    socket.bind(40000, "${from}", () => socket.send("x", ${port}, "${to}", () => socket.close()));`;
  run(namespace, process.execPath, "-e", script);
}

function packetsCounted(gateway: string): Record<string, number> {
  const { counters } = parseListing(listTable(gateway, "ip", "meganat") ?? []);
  return Object.fromEntries(counters.filter(({ packets }) => packets > 0).map(({ name, packets }) => [name, packets]));
}

/** The connections of the gateway as `from > to | translated to < seen as`. */
function connections(gateway: string): string[] {
  const { stdout } = runInNamespace(gateway, "conntrack", ["-L", "-p", "udp"]);
  return [...stdout.matchAll(/src=(\S+) dst=(\S+) .*src=(\S+) dst=(\S+) /g)]
    .map(([, from, to, reached, seen]) => `${from} > ${to} | ${reached} < ${seen}`)
    .sort();
}

test("a connection older than its rule cannot leave untranslated; a new one is translated", NEEDS_ROOT, (t) => {
  const { inside, gateway } = openStage(t);
  // Connections are followed only where a rule asks about them.
  runNft(
    gateway,
    "table ip follow { chain forward { type filter hook forward priority filter; ct state new accept; }; }",
  );
  for (const from of ["10.10.1.5", "10.10.0.4"]) send(inside, from, "203.0.113.9", 9);
  assert.deepEqual(connections(gateway), [
    "10.10.0.4 > 203.0.113.9 | 203.0.113.9 < 10.10.0.4",
    "10.10.1.5 > 203.0.113.9 | 203.0.113.9 < 10.10.1.5",
  ]);
  runNft(gateway, writeRuleset(STATE.ruleset));
  for (const from of ["10.10.1.5", "10.10.0.4"]) send(inside, from, "203.0.113.9", 9);
  // Unanswered, the old one still asks the rule, which cannot translate what is in the table already.
  assert.deepEqual(packetsCounted(gateway), { connections_campus: 1, dropped_untranslated: 2 });
  run(gateway, "conntrack", "-F");
  for (const from of ["10.10.1.5", "10.10.0.4"]) send(inside, from, "203.0.113.9", 9);
  assert.deepEqual(packetsCounted(gateway), { connections_campus: 2, dropped_untranslated: 2 });
  assert.deepEqual(connections(gateway), [
    "10.10.0.4 > 203.0.113.9 | 203.0.113.9 < 61.138.177.31",
    "10.10.1.5 > 203.0.113.9 | 203.0.113.9 < 61.138.178.0",
  ]);
});

test("untranslated destinations and hosts no rule names pass the guard", NEEDS_ROOT, (t) => {
  const { inside, gateway } = openStage(t);
  runNft(gateway, writeRuleset(STATE.ruleset));
  send(inside, "10.10.1.5", "192.0.2.9", 9);
  send(inside, "10.10.0.9", "203.0.113.9", 9);
  assert.deepEqual(packetsCounted(gateway), {});
  assert.deepEqual(connections(gateway), [
    "10.10.0.9 > 203.0.113.9 | 203.0.113.9 < 10.10.0.9",
    "10.10.1.5 > 192.0.2.9 | 192.0.2.9 < 10.10.1.5",
  ]);
});

test("what nobody asked for at a routed public address does not go round, from either side", NEEDS_ROOT, (t) => {
  const { inside, gateway, outside } = openStage(t);
  runNft(gateway, writeRuleset(STATE.ruleset));
  send(outside, "203.0.113.9", "61.138.178.1", 9);
  send(inside, "10.10.0.9", "61.138.178.1", 9);
  assert.deepEqual(packetsCounted(gateway), { dropped_unsolicited: 2 });
});

test("an outside host that has the gateway's own address is not mistaken for it", NEEDS_ROOT, (t) => {
  const { inside, gateway } = openStage(t);
  runNft(gateway, writeRuleset(STATE.ruleset));
  send(inside, "10.10.0.9", "10.2.0.1", 9);
  assert.deepEqual(packetsCounted(gateway), { dropped_overlap: 1 });
});

test("inside hosts call a public address with their own: a block, a static one, or the gateway's", NEEDS_ROOT, (t) => {
  const { inside, gateway } = openStage(t);
  runNft(gateway, writeRuleset(STATE.ruleset));
  for (const from of ["10.10.1.5", "10.10.0.4", "10.10.0.9"]) send(inside, from, "61.138.178.0", 7);
  assert.deepEqual(connections(gateway), [
    "10.10.0.4 > 61.138.178.0 | 10.10.0.2 < 61.138.177.31",
    "10.10.0.9 > 61.138.178.0 | 10.10.0.2 < 10.10.0.1",
    "10.10.1.5 > 61.138.178.0 | 10.10.0.2 < 61.138.178.0",
  ]);
});
