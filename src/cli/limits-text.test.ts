import assert from "node:assert/strict";
import { test } from "node:test";
import { campus, host, ranges } from "../../test/fixtures/gateways.ts";
import { planGateway } from "../plan/plan-gateway.ts";
import { limitLines } from "./limits-text.ts";

test("limits by body, what they come to, and where packets are shaped", () => {
  const limits = {
    perSubscriber: { connections: 1000, newConnections: { rate: 50, burst: 100 }, up: 1e7 },
    groups: [
      {
        name: "guests",
        members: ranges("10.10.1.0/24"),
        priority: "low",
        up: 1.5e9,
        perSubscriber: { connections: 10 },
      } as const,
    ],
    line: {},
    managementPorts: [22, 443],
  };
  assert.deepEqual(limitLines(planGateway(campus({ limits }), host()), 200), [
    "  group guests          256  each 10 connections; together 1.5 Gbit/s up; low priority",
    "  everybody else      9,744  each 1,000 connections, 50 new/s (at once 100), 10 Mbit/s up",
    "  connections     9,746,560  if each had all it may; the table holds 2,125,312",
    "  classes on wan     10,002  what goes up is shaped there",
    "  reserve           22, 443  TCP ports of the gateway that need no entry",
  ]);
  assert.deepEqual(limitLines(planGateway(campus(), host()), 80), []);
});
