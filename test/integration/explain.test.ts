import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Explanation, TranslationWords } from "../../src/diagnose/explain/explanation.ts";
import { countedBetween } from "../../src/diagnose/rules/counters.ts";
import { readRuleset } from "../../src/diagnose/rules/read-ruleset.ts";
import type { Ruleset } from "../../src/diagnose/rules/ruleset.ts";
import type { FlowTuple } from "../../src/diagnose/signals/table.ts";
import { lookupConnection } from "../../src/kernel/conntrack/lookup.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { readRulesetSources } from "../../src/kernel/ruleset/read.ts";
import type { LabClient } from "../../src/lab/client/lab-client.ts";
import { sendPackets } from "../../src/lab/drill/packets.ts";
import { buildScene, type Scene } from "../../src/lab/drill/scene.ts";
import { DOCKER_RULES } from "../../src/lab/story/docker-rules.ts";
import { gatherSignals } from "../../src/observe/signals/gather.ts";
import { explainerOf, type Explainer, type ExplainTarget } from "../../src/observe/explain.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// What explain says a connection will meet, and then the connection: the kernel's counters and table must agree.

const [TCP, UDP] = [6, 17];

/** Counters where the gateway's own rules have none, and a rule that drops. */
const WATCHERS = `
table inet watch {
  set banned { type ipv4_addr; elements = { 198.51.100.66 } }
  chain early { type filter hook prerouting priority raw; policy accept;
    ip saddr 10.64.0.0/16 counter
    iifname "wan" counter
    udp dport 9 counter
  }
  chain forward { type filter hook forward priority filter; policy accept;
    ct state established,related counter accept
    ct state new counter jump fresh
    counter
  }
  chain fresh {
    ip daddr @banned counter drop
    tcp dport 23 counter reject with tcp reset
    iifname "lan" oifname "wan" counter return
    iifname "wan" meta l4proto tcp ct status dnat counter
  }
  chain late { type filter hook postrouting priority 200; policy accept;
    ip saddr 203.0.113.8/29 counter
    ip saddr 10.64.0.0/16 counter
    ct status snat counter
    ip daddr 10.64.0.0/16 counter
  }
}`;

interface Place {
  readonly name: string;
  readonly file?: string;
  readonly load: (scene: Scene) => void;
}

const dockerRules = DOCKER_RULES.replaceAll("172.17.0.2", "10.64.9.10")
  .replaceAll("172.17.0.0", "10.64.0.0")
  .replaceAll("docker0", "lan");

function restore(program: string): (scene: Scene) => void {
  return (scene) => {
    const { status, stderr } = runInNamespace(scene.gateway, `${program}-restore`, [], { input: dockerRules });
    assert.equal(status, 0, stderr);
  };
}

const PLACES: readonly Place[] = [
  { name: "the gateway and somebody's nft rules", load: (scene) => scene.nft(WATCHERS) },
  { name: "docker's rules of iptables-nft", file: "none", load: restore("iptables-nft") },
  { name: "docker's rules of iptables-legacy", file: "none", load: restore("iptables-legacy") },
];

/** What a connection is, who makes it, and what is expected of it besides. */
interface Case {
  readonly name: string;
  readonly target: ExplainTarget;
  readonly from: "inside" | "outside";
  /** Only in these places; default: all. */
  readonly only?: RegExp;
  readonly dropped?: RegExp;
}

const CASES: readonly Case[] = [
  { name: "udp out", from: "inside", only: /nft/, target: target(UDP, "10.64.1.9", 40_001, "198.51.100.80", 7) },
  { name: "tcp out", from: "inside", only: /somebody/, target: target(TCP, "10.64.1.10", 40_002, "198.51.100.80", 7) },
  { name: "a port forward", from: "outside", target: target(TCP, "198.51.100.7", 40_003, "203.0.113.2", 8080) },
  {
    name: "a banned address",
    from: "inside",
    only: /somebody/,
    target: target(UDP, "10.64.1.9", 40_004, "198.51.100.66", 7),
    dropped: /dropped by rule handle \d+ of chain inet watch fresh: ip daddr @banned counter drop/,
  },
  {
    name: "a service nobody published",
    from: "outside",
    only: /docker/,
    target: { ...target(UDP, "198.51.100.7", 40_005, "10.64.9.10", 81), incoming: "wan" },
    dropped: /dropped by policy drop of chain FORWARD in table filter of iptables/,
  },
];

function target(
  protocol: number,
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): ExplainTarget {
  return { protocol, tuple: { source, sourcePort, destination, destinationPort } };
}

for (const place of PLACES) {
  let scene: Scene;
  let clients: Readonly<Record<"inside" | "outside", LabClient>>;

  before(async () => {
    if (NEEDS_ROOT.skip !== false) return;
    scene = await buildScene(...(place.file === undefined ? [] : [place.file]));
    place.load(scene);
    clients = { inside: await scene.client("inside"), outside: await scene.client("outside") };
  });
  after(async () => {
    if (NEEDS_ROOT.skip === false) await scene.close();
  });

  for (const one of CASES.filter(({ only }) => only === undefined || only.test(place.name))) {
    test(`${place.name}: ${one.name}`, NEEDS_ROOT, async () => {
      const foreseen = (await look(scene.gateway)).explain(one.target);
      assert.equal(foreseen.kind, "new");
      const rules = read(scene.gateway);
      if (one.dropped === undefined) {
        assert.equal(foreseen.passes, "yes", foreseen.verdict);
        await exchange(clients[one.from], one.target);
      } else {
        assert.equal(foreseen.passes, "no");
        assert.match(foreseen.ways[0]?.text ?? "", one.dropped);
        await sendOne(scene, one);
      }
      const found = (await look(scene.gateway)).explain(one.target);
      const counted = countedBetween(rules, read(scene.gateway));
      assert.equal(found.kind, one.dropped === undefined ? "connection" : "new");
      const said = [...countedRules(foreseen), ...(one.dropped === undefined ? countedRules(found) : [])];
      const counting = new Set(counted.flatMap(({ rule }) => rule?.id ?? []));
      // Named counters are not a rule's own.
      const named = new Set(said.filter((id) => counting.has(id)));
      assert.deepEqual(
        counted.flatMap(({ rule, packets }) => (rule !== undefined && packets > 0 ? [rule.id] : [])).toSorted(),
        [...named].toSorted(),
      );
      if (one.dropped === undefined) checkTranslation(scene.gateway, one.target.tuple, foreseen, found);
    });
  }
}

async function look(namespace: string): Promise<Explainer> {
  const signals = await gatherSignals({ namespace, seconds: 0, withoutTable: true });
  return explainerOf(namespace, signals, []);
}

function read(namespace: string): Ruleset {
  return readRuleset(readRulesetSources(namespace));
}

/** Rules that are said to count the packet; nothing may be said to count perhaps. */
function countedRules({ ways }: Explanation): string[] {
  return ways.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.kind === "route") return [];
      assert.deepEqual(
        step.rules.filter(({ counts, matches }) => counts === "perhaps" || matches === "perhaps"),
        [],
      );
      return step.rules.filter(({ counts }) => counts === "yes").map(({ id }) => id);
    }),
  );
}

async function exchange(client: LabClient, { protocol, tuple }: ExplainTarget): Promise<void> {
  const { source: from, sourcePort: fromPort, destination: to, destinationPort: port } = tuple;
  const ends = { from, fromPort, to, port };
  if (port === 8080) assert.equal((await client.httpGet({ ...ends, path: "/whoami" })).status, 200);
  else if (protocol === UDP) await client.udpExchange({ ...ends, text: "hello" });
  else await client.tcpExchange({ ...ends, text: "hello" });
}

async function sendOne(scene: Scene, { from, target: { tuple } }: Case): Promise<void> {
  const { source, destination, sourcePort, destinationPort } = tuple;
  const content = { protocol: "udp", sourcePort, destinationPort } as const;
  const packet = { source, destination, content };
  const signal = AbortSignal.timeout(5000);
  assert.equal(await sendPackets(scene, { side: from }, () => packet, { perSecond: 100, count: 1, signal }), 1);
}

/** What was foreseen holds the translation in the table, and afterwards the same rule is named for it. */
function checkTranslation(namespace: string, tuple: FlowTuple, foreseen: Explanation, found: Explanation): void {
  const { protocol } = foreseen;
  const entry = lookupConnection(namespace, { protocol, ...tuple });
  assert.ok(entry !== undefined);
  const { original, reply } = entry;
  const made = [
    ["destination", original.destination, original.destinationPort, reply.source, reply.sourcePort],
    ["source", original.source, original.sourcePort, reply.destination, reply.destinationPort],
  ] as const;
  const sides = made.filter(([, from, fromPort, to, toPort]) => from !== to || fromPort !== toPort);
  assert.deepEqual(
    foreseen.translations.map(({ side }) => side),
    sides.map(([side]) => side),
  );
  for (const [index, [, , , address, port]] of sides.entries()) {
    const said: TranslationWords | undefined = foreseen.translations[index];
    assert.equal(said?.certainty, "yes");
    assert.ok(
      said.addresses.some(({ first, last }) => number(address) >= number(first) && number(address) <= number(last)),
      `${address} is not among ${JSON.stringify(said.addresses)}`,
    );
    const { first = 0, last = 0 } = said.ports ?? {};
    assert.ok(port >= first && port <= last, `port ${port} is not in ${first}-${last}`);
    assert.equal(found.translations[index]?.to, `${address}:${port}`);
    assert.deepEqual(found.translations[index]?.rule, said.rule);
  }
}

function number(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
