import assert from "node:assert/strict";
import { test } from "node:test";
import { campus, host, sourceNat } from "../../test/fixtures/gateways.ts";
import { planGateway } from "./plan-gateway.ts";
import { plannedSysctls } from "./planned-sysctls.ts";

test("a plan looks at no sysctl that is not read for it", () => {
  const base = campus();
  const gateways = [
    base,
    campus({ pools: base.pools.map((pool) => ({ ...pool, reachedBy: "proxy-arp" as const })) }),
    campus({ sourceNat: [sourceNat("10.0.0.0/16"), sourceNat("10.1.0.0/16", { to: { kind: "masquerade" } })] }),
    campus({ links: base.links.map((link) => ({ ...link, gateway: 0x0a000001 })) }),
  ];
  for (const gateway of gateways) {
    for (const value of ["0", "1", "1000"]) {
      const asked = new Set<string>();
      const interfaces = gateway.links.map((link) => link.interface);
      const sysctls = new Proxy<Record<string, string>>(
        {},
        {
          get: (_target, name) => (asked.add(String(name)), value),
          has: (_target, name) => (asked.add(String(name)), true),
        },
      );
      planGateway(gateway, { ...host(), interfaces, sysctls });
      assert.ok(asked.size > 20);
      const read = new Set(plannedSysctls(interfaces));
      assert.deepEqual(
        [...asked].filter((name) => !read.has(name)),
        [],
      );
    }
  }
});
