import assert from "node:assert/strict";
import { test } from "node:test";
import type { PortSelection } from "../config/gateway.ts";
import { campus, host, sourceNat } from "../../test/fixtures/gateways.ts";
import { planGateway } from "./plan-gateway.ts";

test("ports are chosen as the file says; else at random where the NAT's table by source is far too small", () => {
  const cases: readonly (readonly [said: PortSelection | undefined, slots: number, chosen: PortSelection])[] = [
    [undefined, 262_144, "preserve"],
    [undefined, 65_536, "random"],
    ["preserve", 65_536, "preserve"],
    ["random", 262_144, "random"],
  ];
  for (const [said, bysourceBuckets, chosen] of cases) {
    const ports = { perSubscriber: 128, ...(said === undefined ? {} : { selection: said }) };
    // 1,700,000 connections: chains of 6.5 or of 26.
    const { sources } = planGateway(
      campus({ sourceNat: [sourceNat("10.10.1.0-10.10.40.15", { ports })] }),
      host({ bysourceBuckets }),
    );
    assert.deepEqual(
      sources.map(({ selection }) => selection),
      [chosen],
    );
  }
});
