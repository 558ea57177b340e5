import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gateway } from "../config/gateway.ts";
import { campus, host, ip, ranges, sourceNat } from "../../test/fixtures/gateways.ts";
import type { HostFacts } from "./host-facts.ts";
import { planSources } from "./sources.ts";
import { bucketsAtBoot, planTable } from "./table.ts";

const one = (address: string) => ({ first: ip(address), last: ip(address) });
const planned = (gateway: Gateway, facts: HostFacts = host()) => planTable(gateway, planSources(gateway), facts);

test("the campus of the paper on 16 GiB", () => {
  const hashes = (8_501_248 + 262_144) * 8;
  assert.deepEqual(planned(campus()), {
    subscribers: 10_000,
    expectedConnections: 1_700_000,
    required: 2_125_312,
    requiredBuckets: 8_501_248,
    max: 2_125_312,
    buckets: 8_501_248,
    limitNow: 262_144,
    bucketsNow: 262_144,
    bytesPerConnection: 256,
    bytesPerConnectionWithExtensions: 384,
    extensions: [],
    memoryBytes: 2_125_312 * 256 + hashes,
    memoryBytesWithExtensions: 2_125_312 * 384 + hashes,
    hostMemoryBytes: 17_179_869_184,
    meanChain: 3_400_000 / 8_501_248,
    bysourceBuckets: 262_144,
    bysourceAssumed: false,
    bysourceMeanChain: 1_700_000 / 262_144,
  });
});

test("never less than the host has; buckets in whole pages, not powers of two", () => {
  const capacity = {
    subscribers: 10,
    connectionsPerSubscriber: 100,
    timeouts: { profile: "rfc", seconds: {} },
  } as const;
  const roomy = { "net.netfilter.nf_conntrack_max": "9000000", "net.netfilter.nf_conntrack_buckets": "1024" };
  const table: [facts: HostFacts, required: number, max: number, buckets: number][] = [
    [host(), 1536, 262_144, 262_144],
    [host({ sysctls: roomy }), 1536, 9_000_000, 1536],
    [{ ...host(), sysctls: {} }, 1536, 1536, 1536],
  ];
  for (const [facts, required, max, buckets] of table) {
    const plan = planned(campus({ capacity }), facts);
    assert.deepEqual([plan.required, plan.max, plan.buckets], [required, max, buckets]);
  }
});

test("two to four buckets for each entry, where the memory allows", () => {
  const table: [gib: number, each: number][] = [
    [16, 4],
    [3, 4],
    [2, 2],
    [0.5, 1],
  ];
  for (const [gib, each] of table) {
    const { required, requiredBuckets } = planned(campus(), host({ memoryBytes: gib * 2 ** 30 }));
    assert.equal(requiredBuckets / required, each, `${gib} GiB`);
  }
});

test("subscribers are counted once each when the file does not say", () => {
  const capacity = { connectionsPerSubscriber: 10, timeouts: { profile: "rfc", seconds: {} } } as const;
  const rules = [sourceNat("10.0.0.0/24"), sourceNat("10.0.0.128-10.0.1.9", { name: "b", except: ranges("10.0.1.0") })];
  const staticNat = [
    { name: "s", public: one("61.0.0.9"), private: one("10.0.9.9"), out: "wan", reachedBy: "address" } as const,
  ];
  const plan = planned(campus({ capacity, sourceNat: rules, staticNat }));
  assert.equal(plan.subscribers, 256 + 9 + 1);
  assert.equal(plan.expectedConnections, 2660);
});

test("what brings the extension block", () => {
  const on = (name: string) => host({ sysctls: { [`net.netfilter.${name}`]: "1" } });
  const masquerading = campus({ sourceNat: [sourceNat("10.0.0.0/24", { name: "home", to: { kind: "masquerade" } })] });
  const table: [gateway: Gateway, facts: HostFacts, reasons: RegExp[]][] = [
    [campus(), host(), []],
    [masquerading, host(), [/^masquerade \(home\)/]],
    [campus(), on("nf_conntrack_acct"), [/^nf_conntrack_acct = 1/]],
    [campus(), on("nf_conntrack_timestamp"), [/^nf_conntrack_timestamp = 1/]],
    [campus(), on("nf_conntrack_events"), [/^nf_conntrack_events = 1/]],
    [campus(), on("nf_conntrack_helper"), [/^nf_conntrack_helper = 1/]],
  ];
  for (const [gateway, facts, reasons] of table) {
    const { extensions } = planned(gateway, facts);
    assert.equal(extensions.length, reasons.length);
    for (const [i, reason] of reasons.entries()) assert.match(extensions[i] ?? "", reason);
  }
});

test("buckets at boot by the host's memory, as the kernel computes them", () => {
  const table: [gib: number, buckets: number][] = [
    [0.0625, 1024],
    [0.5, 4096],
    [1, 8192],
    [2, 65_536],
    [4, 65_536],
    [8, 262_144],
  ];
  for (const [gib, buckets] of table) assert.equal(bucketsAtBoot(gib * 2 ** 30), buckets, `${gib} GiB`);
  const { bysourceBuckets: _, ...facts } = host();
  const plan = planned(campus(), facts);
  assert.deepEqual([plan.bysourceBuckets, plan.bysourceAssumed], [262_144, true]);
});
