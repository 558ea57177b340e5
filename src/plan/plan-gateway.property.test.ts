import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressAt } from "../address/ipv4-range.ts";
import { host } from "../../test/fixtures/gateways.ts";
import { arbitraryGateway } from "../../test/arbitrary/gateway.ts";
import type { HostFacts } from "./host-facts.ts";
import { lookupPublic, lookupSubscriber } from "./lookup.ts";
import { planGateway } from "./plan-gateway.ts";
import { PLAN_PROBLEM_CODES } from "./problem-codes.ts";

const arbitraryFacts: fc.Arbitrary<HostFacts> = fc
  .record({
    memoryBytes: fc.integer({ min: 2 ** 28, max: 2 ** 40 }),
    isHostNamespace: fc.boolean(),
    knows: fc.boolean(),
    limit: fc.integer({ min: 1024, max: 10_000_000 }),
  })
  .map(({ memoryBytes, isHostNamespace, knows, limit }) => {
    const facts = host({ memoryBytes, isHostNamespace, sysctls: { "net.netfilter.nf_conntrack_max": String(limit) } });
    return knows ? facts : { ...facts, sysctls: {}, writable: new Set<string>() };
  });

test("property: any valid gateway gives a plan that is plain data, with problems that help", () => {
  fc.assert(
    fc.property(arbitraryGateway(), arbitraryFacts, (gateway, facts) => {
      const plan = planGateway(gateway, facts);

      assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
      for (const problem of plan.problems) {
        assert.ok(problem.code in PLAN_PROBLEM_CODES, problem.code);
        assert.doesNotMatch(problem.message + problem.fix, /NaN|Infinity|undefined/);
      }
    }),
    { numRuns: 60 },
  );
});

test("property: with the proposed settings in place nothing is proposed any more", () => {
  fc.assert(
    fc.property(arbitraryGateway(), arbitraryFacts, (gateway, facts) => {
      const first = planGateway(gateway, facts);
      const proposed = Object.fromEntries(first.sysctls.map((proposal) => [proposal.name, proposal.proposed]));
      const second = planGateway(gateway, { ...facts, sysctls: { ...facts.sysctls, ...proposed } });
      assert.deepEqual(second.sysctls, []);
    }),
    { numRuns: 60 },
  );
});

test("property: looking up each end of a mapping finds the other", () => {
  fc.assert(
    fc.property(arbitraryGateway(), fc.nat(), (gateway, seed) => {
      const plan = planGateway(gateway, host());
      for (const source of plan.sources) {
        const subscriber = addressAt(source.subscribers, seed % source.subscriberCount);
        assert.ok(subscriber !== undefined);
        for (const seen of lookupSubscriber(plan, subscriber)) {
          if (seen.kind !== "block" && seen.kind !== "shared") continue;
          if (seen.mapping === undefined) continue;
          const { address, ports } = seen.mapping;
          const findings = lookupPublic(plan, address, ports.first + (seed % (ports.last - ports.first + 1)));
          const back = findings.filter((finding) => "rule" in finding && finding.rule === seen.rule);
          assert.equal(back.length, 1);
          const [finding] = back;
          if (seen.kind === "block") {
            assert.ok(finding?.kind === "subscriber");
            assert.equal(finding.subscriber, subscriber);
          } else {
            assert.ok(finding?.kind === "shared");
            assert.ok(finding.candidates.some(({ first, last }) => first <= subscriber && subscriber <= last));
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});
