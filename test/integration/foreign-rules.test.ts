import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { runNft } from "../../src/kernel/nftables.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { readRulesetSources } from "../../src/kernel/ruleset/read.ts";
import { countedBetween } from "../../src/diagnose/rules/counters.ts";
import { followPacket, type Journey } from "../../src/diagnose/rules/journey.ts";
import { readRuleset } from "../../src/diagnose/rules/read-ruleset.ts";
import { waysTo } from "../../src/diagnose/rules/reach.ts";
import { rulesOf, type Hook, type Rule, type Ruleset } from "../../src/diagnose/rules/ruleset.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";
import { addressType, buildRuleHost, routeOf, type RuleHost } from "../fixtures/rulesets/host.ts";
import { testPackets } from "../fixtures/rulesets/packets.ts";

// Rules as other programs write them, loaded into a namespace. Packets are sent through it one by one, and the
// kernel's counters must say what walking the rules said before.

const FIXTURES = join(import.meta.dirname, "../fixtures/rulesets");

const SAVED = ["docker-24", "docker-28", "kube-proxy", "libvirt", "tailscale", "ufw", "fail2ban", "firewalld-iptables"];
const NFT = ["docker-29", "kube-proxy", "firewalld", "fail2ban"];

for (const name of SAVED) {
  for (const program of ["iptables-nft", "iptables-legacy"] as const) {
    test(`${program} counts ${name}'s rules as predicted`, NEEDS_ROOT, (t) => {
      const host = buildRuleHost(t);
      const { status, stderr } = runInNamespace(host.namespace, `${program}-restore`, [], {
        input: readFileSync(join(FIXTURES, `${name}.save`), "utf8"),
      });
      assert.equal(status, 0, stderr);
      checkPredictions(t, host);
    });
  }
}

for (const name of NFT) {
  test(`nft counts ${name}'s rules as predicted`, NEEDS_ROOT, (t) => {
    const host = buildRuleHost(t);
    runNft(host.namespace, withCounters(readFileSync(join(FIXTURES, `${name}.nft`), "utf8")));
    checkPredictions(t, host);
  });
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

function checkPredictions(t: TestContext, { namespace, send }: RuleHost): void {
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
}

function predict(ruleset: Ruleset, journey: Journey, predictions: Map<string, Prediction>): void {
  for (const { rule, counts } of journey.stages.flatMap(({ result }) => result.hits)) {
    const prediction = predictions.get(rule.id);
    if (prediction === undefined) continue;
    if (counts === "yes") prediction.sure += 1;
    if (counts !== "no") prediction.most += 1;
  }
  for (const rule of rulesOf(ruleset)) {
    const prediction = predictions.get(rule.id);
    if (prediction !== undefined && !isDecided(ruleset, rule, journey)) prediction.most = Infinity;
  }
}

/** Where a translation that the kernel chooses leads, nothing is predicted. */
function isDecided(ruleset: Ruleset, rule: Rule, journey: Journey): boolean {
  if (journey.end !== "no-route" && journey.certain) return true;
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
