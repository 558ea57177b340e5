import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readGateway } from "../config/read-gateway.ts";
import type { Gateway } from "../config/gateway.ts";
import { campus, host, ports, ranges, sourceNat } from "../../test/fixtures/gateways.ts";
import { paperTableSize } from "./paper.ts";
import { planGateway } from "./plan-gateway.ts";
import type { Plan } from "./plan.ts";

const example = (name: string): Gateway => {
  const reading = readGateway(readFileSync(new URL(`../../examples/${name}`, import.meta.url)));
  if ("problems" in reading) throw new Error(JSON.stringify(reading.problems));
  return reading.gateway;
};

test("a plan is plain data: it survives JSON as it is", () => {
  const gateways = [
    campus(),
    example("campus.yaml"),
    campus({ sourceNat: [sourceNat("10.0.0.0/16"), sourceNat("10.1.0.0/16", { to: { kind: "masquerade" } })] }),
    campus({
      links: [],
      pools: [],
      sourceNat: [],
      portForwards: [],
      capacity: { ...campus().capacity, subscribers: 0 },
    }),
  ];
  for (const gateway of gateways) {
    for (const facts of [
      host(),
      { ...host(), sysctls: {}, interfaces: [], writable: new Set<string>(), isHostNamespace: false },
    ]) {
      const plan = planGateway(gateway, facts);
      assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
    }
  }
});

test("examples/campus.yaml can be applied to a host like the paper's, and holds the paper's load", () => {
  const interfaces = ["lo", "eth0", "eth1", "eth2", "eth3"];
  const plan = planGateway(example("campus.yaml"), host({ interfaces }));
  assert.deepEqual(plan.problems, []);
  assert.equal(plan.table.expectedConnections, 1_700_000);
  assert.equal(plan.table.required, 2_125_312);
  assert.equal(plan.sources[0]?.blocks?.blocksPerAddress, 504);
  assert.deepEqual(plan.sources[0]?.blocks?.displaced, [[55, 14_111]]);
  assert.equal(plan.sources[0]?.translationsPerDestination, 1_280_000);
});

test("100,000 subscribers in a plan are a few numbers, not 100,000 objects", () => {
  const pools = [
    { name: "public", addresses: ranges("61.0.0.0/24"), ports: ports("1024-65535"), reachedBy: "route" as const },
  ];
  const plan = planGateway(campus({ pools, sourceNat: [sourceNat("10.0.0.0-10.1.134.159", { blocks: 128 })] }), host());
  assert.equal(plan.sources[0]?.subscriberCount, 100_000);
  assert.ok(JSON.stringify(plan).length < 40_000);
});

test("the paper's formulas", () => {
  const table: [gib: number, entries: number][] = [
    [16, 2_097_152],
    [1, 131_072],
    [32, 4_194_304],
  ];
  for (const [gib, entries] of table) assert.equal(paperTableSize(gib * 2 ** 30), entries);
  const pools = [
    {
      name: "public",
      addresses: ranges("61.138.177.3-61.138.177.27"),
      ports: ports("1024-65535"),
      reachedBy: "route" as const,
    },
  ];
  const plan: Plan = planGateway(campus({ pools, sourceNat: [sourceNat("10.10.10.0/24")], portForwards: [] }), host());
  const { paper } = plan;
  assert.deepEqual(
    paper.map(({ what, paper: theirs, ours }) => [what, theirs, ours]),
    [
      [
        "nf_conntrack_max",
        "64/32 x memory/16,384: 2,097,152 for 16 GiB; 2,097,152 for the 16.0 GiB here",
        "2,125,312: 1,700,000 expected connections and a quarter",
      ],
      ["hash size", "max/8 = 262,144 by the formula; its script writes 2,097,152", "8,501,248"],
      ["translations", "25 addresses x (65,536 - 1,024) = 1,612,800, taken as the limit of all", "campus: 1,612,800"],
      ["tcp_timeout_established", "300 s (the kernel's own is 5 days)", "2 h 4 min"],
      ["route.max_size", "2,097,152", "not set"],
      ["ip_forward", "1, in /etc/sysctl.conf", "1, with the rules"],
      ["address of a subscriber", "any of the pool, by connection", "always the same one"],
    ],
  );
});
