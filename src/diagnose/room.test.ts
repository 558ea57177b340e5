import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { signals, type SignalChanges } from "../../test/fixtures/signals.ts";
import { readGateway } from "../config/read-gateway.ts";
import { planGateway } from "../plan/plan-gateway.ts";
import { moreRoom } from "./room.ts";

const FILE = {
  version: 1,
  name: "border",
  links: {
    wan: { interface: "wan", addresses: "203.0.113.2/24", gateway: "203.0.113.1" },
    lan: { interface: "lan", addresses: "10.64.0.1/16" },
  },
  pools: { public: { addresses: "203.0.113.10-203.0.113.13" } },
  "source-nat": [{ name: "office", from: "10.64.1.0/24", to: "public" }],
};

const TABLE: readonly (readonly [what: string, changes: SignalChanges, safe: readonly string[]])[] = [
  ["the kernel's own", {}, ["net.netfilter.nf_conntrack_buckets=1048576", "net.netfilter.nf_conntrack_max=1048576"]],
  [
    "a limit that is no power of two",
    { levels: { "conntrack.max": 300_000 } },
    ["net.netfilter.nf_conntrack_buckets=2097152", "net.netfilter.nf_conntrack_max=2097152"],
  ],
  [
    "a quarter of the memory at most",
    { levels: { "conntrack.max": 262_144 }, host: { memoryBytes: 2 ** 30 } },
    ["net.netfilter.nf_conntrack_buckets=699050", "net.netfilter.nf_conntrack_max=699050"],
  ],
];

for (const [what, changes, safe] of TABLE) {
  test(`room: ${what}`, () => {
    assert.deepEqual(
      moreRoom(signals(changes)).safe?.map((one) => (one.kind === "sysctl" ? `${one.name}=${one.value}` : one.kind)),
      safe,
    );
  });
}

test("room: a gateway file with the change has a plan for about as many connections", () => {
  const { file = "" } = moreRoom(signals());
  const reading = readGateway(stringify({ ...FILE, ...(parse(file) as object) }));
  assert.ok("gateway" in reading);
  const { table } = planGateway(reading.gateway, {
    kernelRelease: "6.12.0",
    memoryBytes: 8 * 2 ** 30,
    cpus: 2,
    interfaces: ["lo", "wan", "lan"],
    sysctls: {},
    writable: new Set(),
    isHostNamespace: true,
  });
  assert.ok(Math.abs(table.max - 1_048_576) < 2048, String(table.max));
});
