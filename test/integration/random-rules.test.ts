import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countedBetween } from "../../src/diagnose/rules/counters.ts";
import { followPacket } from "../../src/diagnose/rules/journey.ts";
import { firstPacket, type Packet } from "../../src/diagnose/rules/packet.ts";
import { readRuleset } from "../../src/diagnose/rules/read-ruleset.ts";
import type { Ruleset } from "../../src/diagnose/rules/ruleset.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { readRulesetSources } from "../../src/kernel/ruleset/read.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";
import { addressType, buildRuleHost, routeOf } from "../fixtures/rulesets/host.ts";
import { iptablesScript, nftScript, randomChains, type RandomRule } from "../fixtures/rulesets/random-rules.ts";

// Random rulesets and packets: every rule must count exactly what the walk through the rules said, the kernel being judge.

const RULESETS = 6;

type Load = (namespace: string, chains: readonly (readonly RandomRule[])[], policy: "accept" | "drop") => void;

const restore =
  (program: string): Load =>
  (namespace, chains, policy) => {
    const { status, stderr } = runInNamespace(namespace, `${program}-restore`, [], {
      input: iptablesScript(chains, policy),
    });
    assert.equal(status, 0, stderr);
  };

const PROGRAMS: readonly (readonly [string, Load])[] = [
  ["nft", (namespace, chains, policy) => runNft(namespace, nftScript(chains, policy))],
  ["iptables-nft", restore("iptables-nft")],
  ["iptables-legacy", restore("iptables-legacy")],
];

let port = 1000;

function randomPackets(seed: number): Packet[] {
  const packet = fc.record({
    source: fc.constantFrom("198.51.100.5", "198.51.100.70", "10.1.2.3", "203.0.113.9"),
    destination: fc.constantFrom("192.168.122.9", "192.168.122.10", "172.17.0.2"),
    protocol: fc.constantFrom(6, 17),
    destinationPort: fc.integer({ min: 1, max: 99 }),
    stray: fc.integer({ min: 0, max: 5 }),
  });
  return fc.sample(packet, { numRuns: 40, seed }).map(({ stray, ...tuple }): Packet => {
    port += 1;
    const made = firstPacket({ ...tuple, sourcePort: port }, { inInterface: "eth0" });
    return stray === 0 && tuple.protocol === 6
      ? { ...made, tcpFlags: ["rst"], connection: { state: "invalid" } }
      : made;
  });
}

function read(namespace: string): Ruleset {
  const ruleset = readRuleset(readRulesetSources(namespace));
  assert.deepEqual(ruleset.unread, []);
  return ruleset;
}

for (const [program, load] of PROGRAMS) {
  test(`${program} counts random rules as predicted`, NEEDS_ROOT, (t) => {
    const host = buildRuleHost(t);
    fc.assert(
      fc.property(
        randomChains,
        fc.constantFrom("accept" as const, "drop" as const),
        fc.nat(),
        (chains, policy, seed) => {
          load(host.namespace, chains, policy);
          const before = read(host.namespace);
          const expected = new Map<string, number>();
          for (const packet of randomPackets(seed)) {
            const journey = followPacket(before, packet, routeOf, { addressType });
            assert.ok(journey.certain);
            for (const { rule, counts } of journey.stages.flatMap(({ result }) => result.hits)) {
              assert.notEqual(counts, "perhaps");
              if (counts === "yes") expected.set(rule.id, (expected.get(rule.id) ?? 0) + 1);
            }
            host.send(packet);
          }
          const counted = countedBetween(before, read(host.namespace)).flatMap(({ rule, packets }) =>
            rule === undefined ? [] : [{ id: rule.id, text: rule.text, packets }],
          );
          assert.deepEqual(
            counted,
            counted.map((one) => ({ ...one, packets: expected.get(one.id) ?? 0 })),
          );
        },
      ),
      { numRuns: RULESETS, endOnFailure: true, includeErrorInReport: true },
    );
  });
}
