import assert from "node:assert/strict";
import { test } from "node:test";
import { campus, host, sourceNat } from "../../test/fixtures/gateways.ts";
import { refusalChance } from "./exhaustion.ts";
import { planGateway } from "./plan-gateway.ts";

test("248 probes: the chance of refusal by occupancy", () => {
  const table: [occupancy: number, percent: string][] = [
    [0, "0.00"],
    [0.5, "0.00"],
    [0.95, "0.00"],
    [0.97, "0.05"],
    [0.98, "0.67"],
    [0.99, "8.27"],
    [0.995, "28.85"],
    [0.999, "78.03"],
    [1, "100.00"],
    [1.5, "100.00"],
  ];
  for (const [occupancy, percent] of table) assert.equal((refusalChance(occupancy) * 100).toFixed(2), percent);
});

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
  assert.equal(plan?.loads[1]?.refusalChance, 1);
});

test("port blocks have no such chance: each block is searched by itself", () => {
  assert.deepEqual(planGateway(campus(), host()).exhaustion, []);
});

test("masquerade has one address for all", () => {
  const rule = sourceNat("10.10.1.0-10.10.40.15", { to: { kind: "masquerade" } });
  const [plan] = planGateway(campus({ sourceNat: [rule] }), host()).exhaustion;
  assert.equal(plan?.busiestAddressSubscribers, 10_000);
  assert.equal(plan?.loads[0]?.occupancy, 425_000 / 64_512);
});
