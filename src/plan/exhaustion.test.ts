import assert from "node:assert/strict";
import { test } from "node:test";
import { campus, host, sourceNat } from "../../test/fixtures/gateways.ts";
import { planGateway } from "./plan-gateway.ts";

test("a shared pool: the busiest address decides, and its forwards count", () => {
  const [plan] = planGateway(campus({ sourceNat: [sourceNat("10.10.1.0-10.10.40.15")] }), host()).exhaustion;
  assert.equal(plan?.expectedConnections, 1_700_000);
  assert.equal(plan?.busiestAddressSubscribers, 391);
  assert.equal(Math.round(plan?.meanAddressSubscribers ?? 0), 357);
  // 391 of 10,000 subscribers have 66,470 connections, a quarter of them to one destination; above 8080 there are 57,455 ports.
  assert.deepEqual(
    plan?.loads.map((load) => [load.share, load.occupancy.toFixed(4)]),
    [
      [0.25, "0.2892"],
      [1, "1.1569"],
    ],
  );
  assert.equal(plan?.loads[0]?.refusalChance.toFixed(6), "0.000000");
  assert.equal(plan?.loads[1]?.refusalChance, 1);
});

test("port blocks have no such chance: each block is searched by itself", () => {
  assert.deepEqual(planGateway(campus(), host()).exhaustion, []);
});

test("the ports towards one destination lie in runs, so that some are refused long before the last is taken", () => {
  const load = (connectionsPerSubscriber: number) => {
    const capacity = { connectionsPerSubscriber, timeouts: { profile: "rfc" as const, seconds: {} } };
    const gateway = campus({
      sourceNat: [sourceNat("10.10.1.0-10.10.40.15", { to: { kind: "masquerade" } })],
      capacity,
    });
    return planGateway(gateway, host()).exhaustion[0]?.loads[0];
  };
  // A quarter of them to one destination: 80, 90 and 97 % of 64,512 ports.
  const table: [connectionsPerSubscriber: number, percent: string][] = [
    [20.6, "0.00"],
    [23.2, "0.31"],
    [25.03, "22.17"],
  ];
  for (const [each, percent] of table) assert.equal(((load(each)?.refusalChance ?? 0) * 100).toFixed(2), percent);
});

test("masquerade has one address for all", () => {
  const rule = sourceNat("10.10.1.0-10.10.40.15", { to: { kind: "masquerade" } });
  const [plan] = planGateway(campus({ sourceNat: [rule] }), host()).exhaustion;
  assert.equal(plan?.busiestAddressSubscribers, 10_000);
  assert.equal(plan?.loads[0]?.occupancy, 425_000 / 64_512);
});
