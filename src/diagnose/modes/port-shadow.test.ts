import assert from "node:assert/strict";
import { test } from "node:test";
import { flow, pool, signals } from "../../../test/fixtures/signals.ts";
import { mode } from "./port-shadow.ts";

const forged = flow({
  protocol: 17,
  status: ["snat"],
  original: { source: "10.64.1.66", sourcePort: 51_820, destination: "198.51.100.7", destinationPort: 40_000 },
  reply: { source: "198.51.100.7", sourcePort: 40_000, destination: "203.0.113.2", destinationPort: 51_820 },
});
const SERVICE = { protocol: 17, first: 51_820, last: 51_820 };
const MASQUERADE = pool({
  rule: "ip/home/out/5",
  text: 'oifname "wan" masquerade',
  kind: "masquerade",
  mapped: false,
  ranges: [{ first: "203.0.113.2", last: "203.0.113.2", ports: { first: 1024, last: 65_535 } }],
});

function shadowed(count: number, connections: number) {
  return signals({
    services: [SERVICE],
    pools: [MASQUERADE],
    table: {
      shadows: [{ key: "203.0.113.2:51820/udp", count }],
      shadowed: [forged],
      publicAddresses: [{ address: "203.0.113.2", connections }],
    },
  });
}

test("a connection with a service's port is named, with whose it is and both fixes", () => {
  const [found] = mode.examine(shadowed(1, 50));
  assert.equal(found?.subject, "203.0.113.2:51820/udp");
  assert.match(found.top?.rows[0] ?? "", /10\.64\.1\.66:51820 > 198\.51\.100\.7:40000/);
  assert.deepEqual(found.fixes[0]?.safe, [
    {
      kind: "delete-connections",
      filters: [
        {
          protocol: 17,
          source: "10.64.1.66",
          sourcePort: 51_820,
          destination: "198.51.100.7",
          destinationPort: 40_000,
          with: ["snat"],
        },
      ],
    },
  ]);
  assert.deepEqual(found.fixes[1]?.commands, [
    'nft replace rule ip home out handle 5 meta l4proto { tcp, udp } oifname "wan" masquerade to :1024-51819',
  ]);
});

test("among many connections some have the port by chance", () => {
  const cases: readonly (readonly [count: number, connections: number, findings: number])[] = [
    [1, 1000, 1],
    [1, 5000, 0],
    [16, 1_000_000, 0],
    [200, 1_000_000, 1],
    [0, 50, 0],
  ];
  for (const [count, connections, findings] of cases) {
    assert.equal(mode.examine(shadowed(count, connections)).length, findings, `${count} of ${connections}`);
  }
  const voice = { ...shadowed(1, 50), services: [{ ...SERVICE, first: 10_000, last: 20_000 }] };
  assert.deepEqual(mode.examine(voice), []);
  assert.deepEqual(mode.examine(signals()), []);
});
