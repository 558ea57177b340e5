import assert from "node:assert/strict";
import { test } from "node:test";
import { pool, route, signals } from "../../../test/fixtures/signals.ts";
import { mode } from "./outside-address-changed.ts";

const through = (address: string, connections = 100, unreplied = 0) => ({
  table: { publicAddresses: [{ address, connections, unreplied }] },
});

const SOMEBODYS = pool({
  rule: "ip/nat/POSTROUTING/4",
  program: "iptables-nft",
  number: 1,
  mapped: false,
  text: "-o wan -j SNAT --to-source 203.0.113.50",
  ranges: [{ first: "203.0.113.50", last: "203.0.113.50", ports: { first: 1024, last: 65_535 } }],
});

test("connections through an address that nobody has any more are deleted", () => {
  const [found] = mode.examine(signals(through("203.0.113.50", 7)));
  assert.equal(found?.subject, "203.0.113.50");
  assert.match(found.summary, /^7 connections are translated to 203\.0\.113\.50, which neither/);
  assert.deepEqual(found.fixes[0]?.safe, [
    { kind: "delete-connections", filters: [{ replyDestination: "203.0.113.50", with: ["snat"] }] },
  ]);
});

test("a rule that names an address of the past is to name the present one", () => {
  const [found] = mode.examine(signals({ ...through("203.0.113.50", 100, 100), pools: [SOMEBODYS] }));
  assert.equal(found?.severity, "loss");
  assert.equal(found.fixes[0]?.safe, undefined);
  assert.equal(
    found.fixes[0]?.commands?.[0],
    "iptables -t nat -R POSTROUTING 1 -o wan -j SNAT --to-source 203.0.113.2",
  );
});

test("addresses that lead here are no finding", () => {
  const routed = { routes: [route({ destination: "198.51.100.0/28", interface: "lo" })] };
  const cases = [
    {},
    through("203.0.113.10"),
    // A pool the provider routes here: by a rule, answered; or by a route to this very host.
    { ...through("203.0.113.50", 100, 5), pools: [SOMEBODYS] },
    { ...through("203.0.113.50", 10, 10), pools: [SOMEBODYS] },
    { ...through("198.51.100.3"), network: routed },
    {
      ...through("198.51.100.3"),
      network: { routes: [route({ destination: "198.51.100.0/28", type: "blackhole" })] },
    },
    // A rule whose addresses are not known may well have it.
    { ...through("203.0.113.50"), pools: [pool({ ranges: [] })] },
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), [], JSON.stringify(changes));
  const unseen = [{ signal: "rules" as const, what: "rules of a program", why: "no right", remedy: "be root" }];
  assert.deepEqual(mode.examine({ ...signals(through("203.0.113.50", 7)), unseen }), []);
});
