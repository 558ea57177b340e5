import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { runNft } from "../../src/kernel/nftables.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { readRulesetSources } from "../../src/kernel/ruleset/read.ts";
import { countedBetween } from "../../src/diagnose/rules/counters.ts";
import { followPacket, type Journey } from "../../src/diagnose/rules/journey.ts";
import { owners } from "../../src/diagnose/rules/owner.ts";
import { readRuleset } from "../../src/diagnose/rules/read-ruleset.ts";
import { waysTo } from "../../src/diagnose/rules/reach.ts";
import { rulesOf, type Hook, type Rule, type Ruleset } from "../../src/diagnose/rules/ruleset.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";
import { addressType, buildRuleHost, routeOf, type RuleHost } from "../fixtures/rulesets/host.ts";
import { testPackets } from "../fixtures/rulesets/packets.ts";

// Rules as other programs write them, loaded into a namespace. Packets are sent through it one by one, and the
// kernel's counters must say what walking the rules said before.

const FIXTURES = join(import.meta.dirname, "../fixtures/rulesets");

/** [rules, who wrote them as the rules tell, questions that one packet cannot answer] */
const SAVED: readonly (readonly [name: string, owners: readonly string[], undecided: readonly string[]])[] = [
  ["docker-24", ["Docker"], []],
  ["docker-28", ["Docker"], []],
  ["kube-proxy", ["kube-proxy"], ["-m statistic --mode random --probability 0.50000000000"]],
  ["libvirt", ["libvirt"], []],
  ["tailscale", ["Tailscale", "libvirt"], []],
  ["ufw", ["ufw"], ["-m recent --update --seconds 30 --hitcount 6 --name DEFAULT --mask 255.255.255.255 --rsource"]],
  ["fail2ban", ["fail2ban"], []],
  ["firewalld-iptables", ["firewalld"], []],
];

const NFT: readonly (readonly [name: string, owners: readonly string[], undecided: readonly string[]])[] = [
  ["docker-29", ["Docker"], []],
  ["kube-proxy", ["kube-proxy"], []],
  [
    "firewalld",
    ["firewalld"],
    ['{"op":"==","left":{"fib":{"result":"oif","flags":["saddr","mark","iif"]}},"right":false}'],
  ],
  ["fail2ban", ["fail2ban"], []],
];

for (const [name, owned, undecided] of SAVED) {
  for (const program of ["iptables-nft", "iptables-legacy"] as const) {
    test(`${program} counts ${name}'s rules as predicted`, NEEDS_ROOT, (t) => {
      const host = buildRuleHost(t);
      const input = readFileSync(join(FIXTURES, `${name}.save`), "utf8");
      const { status, stderr } = runInNamespace(host.namespace, `${program}-restore`, [], { input });
      assert.equal(status, 0, stderr);
      const ruleset = checkPredictions(t, host);
      const rules = rulesOf(ruleset);
      const saved = runInNamespace(host.namespace, `${program}-save`, []).stdout;
      const lines = saved.split("\n").filter((line) => line.startsWith("-A "));
      assert.equal(lines.length, input.split("\n").filter((line) => line.startsWith("-A ")).length);
      assert.deepEqual(rules.map(({ chain, text }) => `-A ${chain} ${text}`).toSorted(), lines.toSorted());
      assert.ok(
        rules.every((rule) => rule.program === program && (rule.handle !== undefined) === (program === "iptables-nft")),
      );
      assert.deepEqual(
        owners(ruleset).map(({ owner }) => owner.name),
        owned,
      );
      assert.deepEqual(undecidedOf(rules), undecided);
    });
  }
}

for (const [name, owned, undecided] of NFT) {
  test(`nft counts ${name}'s rules as predicted`, NEEDS_ROOT, (t) => {
    const host = buildRuleHost(t);
    runNft(host.namespace, withCounters(readFileSync(join(FIXTURES, `${name}.nft`), "utf8")));
    const ruleset = checkPredictions(t, host);
    const rules = rulesOf(ruleset);
    const listed = runInNamespace(host.namespace, "nft", ["-a", "list", "ruleset"]).stdout.matchAll(
      /^\t\t.*# handle (\d+)$/gm,
    );
    assert.deepEqual(
      rules.map(({ handle }) => String(handle)).toSorted(),
      [...listed].map(([, handle = ""]) => handle).toSorted(),
    );
    assert.deepEqual(
      owners(ruleset).map(({ owner }) => owner.name),
      owned,
    );
    assert.deepEqual(undecidedOf(rules), undecided);
  });
}

/** Questions nobody can answer from one packet: each must be one we know of. */
function undecidedOf(rules: readonly Rule[]): string[] {
  const texts = rules.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      if (part.kind === "match" && part.match.kind === "unknown") return [part.match.text];
      // Anything unknown inside of a question.
      const nested = JSON.stringify(part, (_, value: unknown) => (typeof value === "bigint" ? "" : value));
      return nested.includes('"kind":"unknown"') ? [nested] : [];
    }),
  );
  return [...new Set(texts)];
}

/** Puts a counter before what each rule does, where it has none. */
function withCounters(script: string): string {
  const does =
    /^(\t\t(?!.*(?:counter|hook|vmap|elements| : )).*?)((?:accept|drop|return|reject|jump \S+|goto \S+|masquerade|(?:reject with|masquerade|dnat ip to|dnat to) .*?)(?: comment ".*")?)$/;
  return script
    .split("\n")
    .map((line) => line.replace(does, "$1counter $2"))
    .join("\n");
}

function read(namespace: string): Ruleset {
  const sources = readRulesetSources(namespace);
  assert.deepEqual(sources.failed, []);
  const ruleset = readRuleset(sources);
  assert.deepEqual(ruleset.unread, []);
  return ruleset;
}

/** What rules must have counted, by their `id`. */
interface Prediction {
  sure: number;
  most: number;
}

function checkPredictions(t: TestContext, { namespace, send }: RuleHost): Ruleset {
  const before = read(namespace);
  const predictions = new Map<string, Prediction>(rulesOf(before).map(({ id }) => [id, { sure: 0, most: 0 }]));
  for (const packet of testPackets()) {
    predict(before, followPacket(before, packet, routeOf, { addressType }), predictions);
    send(packet);
  }
  const after = read(namespace);
  const counted = countedBetween(before, after).flatMap(({ rule, packets }) =>
    rule === undefined ? [] : [{ rule, packets }],
  );
  const wrong = counted.flatMap(({ rule, packets }) => {
    const { sure = 0, most = 0 } = predictions.get(rule.id) ?? {};
    return packets >= sure && packets <= most
      ? []
      : [`${rule.id} ${rule.text}: ${packets}, predicted ${sure} to ${most}`];
  });
  assert.deepEqual(wrong, []);
  // Not only rules that nothing passes.
  const exact = counted.filter(({ rule, packets }) => {
    const { sure, most } = predictions.get(rule.id) ?? {};
    return packets > 0 && sure === most;
  });
  assert.ok(exact.length > 0, "no rule counted what was predicted");
  t.diagnostic(
    `${exact.length} of ${counted.filter(({ packets }) => packets > 0).length} rules that counted were predicted exactly`,
  );
  return without(after, "silence");
}

/** The host's own table is nobody's. */
function without(ruleset: Ruleset, table: string): Ruleset {
  return { ...ruleset, chains: new Map([...ruleset.chains].filter(([, chain]) => chain.table !== table)) };
}

function predict(ruleset: Ruleset, journey: Journey, predictions: Map<string, Prediction>): void {
  add(hitsOf(journey), predictions);
  const ways = (journey.alternatives ?? []).map(hitsOf);
  // It goes one of the ways: sure is what all of them count.
  const ids = new Set(ways.flatMap((way) => [...way.keys()]));
  const either = [...ids].map((id): [string, Prediction] => {
    const counts = ways.map((way) => way.get(id) ?? { sure: 0, most: 0 });
    return [
      id,
      { sure: Math.min(...counts.map(({ sure }) => sure)), most: Math.max(...counts.map(({ most }) => most)) },
    ];
  });
  add(new Map(either), predictions);
  for (const rule of rulesOf(ruleset)) {
    const prediction = predictions.get(rule.id);
    if (prediction !== undefined && !isDecided(ruleset, rule, journey)) prediction.most = Infinity;
  }
}

function add(counts: ReadonlyMap<string, Prediction>, predictions: Map<string, Prediction>): void {
  for (const [id, { sure, most }] of counts) {
    const prediction = predictions.get(id);
    if (prediction === undefined) continue;
    prediction.sure += sure;
    prediction.most += most;
  }
}

function hitsOf(journey: Journey): Map<string, Prediction> {
  const counted = new Map<string, Prediction>();
  for (const { rule, counts } of journey.stages.flatMap(({ result }) => result.hits)) {
    const { sure, most } = counted.get(rule.id) ?? { sure: 0, most: 0 };
    counted.set(rule.id, { sure: counts === "yes" ? sure + 1 : sure, most: counts === "no" ? most : most + 1 });
  }
  return counted;
}

/** Where a translation that the kernel chooses leads, nothing is predicted. */
function isDecided(ruleset: Ruleset, rule: Rule, journey: Journey): boolean {
  if (journey.alternatives !== undefined) return journey.alternatives.every((way) => isDecided(ruleset, rule, way));
  if (journey.end !== "no-route" && journey.endings.every(({ certainty }) => certainty === "yes")) return true;
  const asked = new Set<Hook>(journey.stages.map(({ hook }) => hook));
  return hooksOf(ruleset, rule).every((hook) => hook === "prerouting" || hook === "output" || asked.has(hook));
}

const hooks = new WeakMap<Ruleset, Map<string, readonly Hook[]>>();

function hooksOf(ruleset: Ruleset, { chainId }: Rule): readonly Hook[] {
  const known = hooks.get(ruleset) ?? new Map<string, readonly Hook[]>();
  hooks.set(ruleset, known);
  const found = known.get(chainId) ?? waysTo(ruleset, chainId).map(({ from }) => from.base.hook);
  known.set(chainId, found);
  return found;
}
