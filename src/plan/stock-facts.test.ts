import assert from "node:assert/strict";
import { test } from "node:test";
import { campus, host } from "../../test/fixtures/gateways.ts";
import { planGateway } from "./plan-gateway.ts";
import { stockFacts } from "./stock-facts.ts";

const GIB = 2 ** 30;
const wanted = (memory?: number, connections?: number): Record<string, string> => {
  const { capacity } = campus();
  const small = { connectionsPerSubscriber: 1, timeouts: { profile: "kernel", seconds: {} } } as const;
  const gateway = campus({ capacity: connections === undefined ? capacity : { ...small, subscribers: connections } });
  const { sysctls } = planGateway(gateway, stockFacts(gateway, memory));
  return Object.fromEntries(sysctls.map(({ name, proposed }) => [name, proposed]));
};

test("a plan for the next boot asks for the same settings as one for a host that has none of them yet", () => {
  const now = planGateway(campus(), host()).sysctls.map(({ name, proposed }) => [name, proposed]);
  assert.deepEqual(wanted(), Object.fromEntries(now));
});

test("tables no larger than what the kernel makes by itself need no setting", () => {
  const table = (memory: number | undefined, connections: number): (string | undefined)[] => {
    const settings = wanted(memory, connections);
    return [settings["net.netfilter.nf_conntrack_max"], settings["net.netfilter.nf_conntrack_buckets"]];
  };
  assert.deepEqual(table(16 * GIB, 200_000), [undefined, undefined]);
  assert.deepEqual(table(2 * GIB, 200_000), ["250368", "250368"]);
  assert.deepEqual(table(undefined, 200_000), ["250368", "250368"]);
  assert.deepEqual(table(undefined, 50_000), [undefined, undefined]);
});
