import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { applyGateway } from "../../src/apply/apply.ts";
import { readHostFacts } from "../../src/apply/host-facts.ts";
import { recordDirectory } from "../../src/apply/record-directory.ts";
import { inNamespace } from "../../src/kernel/namespace.ts";
import { applyPlace, smallGateway } from "../fixtures/apply-namespace.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

const FORWARD = "net.ipv4.ip_forward";

test("host facts: of the namespace, and the same before and after an apply unless asked for now", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const { namespace, directory } = place;
  const before = readHostFacts(namespace, { directory });
  assert.deepEqual(before.interfaces.toSorted(), ["lan", "lan-far", "lo", "wan", "wan-far"]);
  assert.equal(before.isHostNamespace, false);
  assert.equal(before.kernelRelease, run(undefined, "uname", "-r").trim());
  for (const name of [
    FORWARD,
    "net.netfilter.nf_conntrack_udp_timeout",
    "net.ipv4.conf.wan.rp_filter",
    "net.ipv4.conf.all.rp_filter",
  ]) {
    assert.equal(before.sysctls[name], run(namespace, "sysctl", "-n", name).trim(), name);
    assert.ok(before.writable.has(name), name);
  }
  assert.ok(!before.writable.has("net.netfilter.nf_conntrack_count"));

  applyGateway({ ...place, desired: smallGateway() });
  const after = readHostFacts(namespace, { directory });
  // The table's size is the host's: others may be changing it.
  const changed = Object.keys(after.sysctls).filter((name) => after.sysctls[name] !== before.sysctls[name]);
  assert.deepEqual(
    changed.filter((name) => !/nf_conntrack_(max|buckets|count)$/.test(name)),
    [],
  );
  const now = readHostFacts(namespace, { directory, values: "now" });
  assert.deepEqual([before.sysctls[FORWARD], now.sysctls[FORWARD]], ["0", "1"]);
});

test("records lie by the namespace's name, from outside and from inside", NEEDS_ROOT, (t) => {
  const { namespace, directory } = applyPlace(t);
  assert.equal(recordDirectory(namespace, directory), `${directory}/netns-${namespace}`);
  assert.equal(
    inNamespace(namespace, () => recordDirectory(undefined, directory)),
    `${directory}/netns-${namespace}`,
  );
  assert.ok(!existsSync(`${directory}/netns-${namespace}`));
});
