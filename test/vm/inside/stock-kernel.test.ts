import assert from "node:assert/strict";
import { test } from "node:test";
import { probeFeatures } from "../../../src/kernel/features.ts";
import { run } from "../../fixtures/own-namespaces.ts";

/** What the development kernel lacks and a stock kernel has. */
const STOCK_ONLY = ["flowtable", "bonding", "vlan", "dummy", "netem", "bpf-kprobe", "kprobes"];

test("meganat features finds what a stock kernel has", () => {
  const features = new Map(probeFeatures(undefined).map((feature) => [feature.id, feature]));
  for (const id of STOCK_ONLY) assert.equal(features.get(id)?.present, true, `${id}: ${features.get(id)?.detail}`);
});

test("a bond of two cards carries the paper's mode", () => {
  const namespace = "vm-bond";
  run(undefined, "ip", "netns", "add", namespace);
  try {
    run(namespace, "ip", "link", "add", "bond0", "type", "bond", "mode", "balance-rr", "miimon", "200");
    for (const member of ["wan0", "wan1"]) {
      run(namespace, "ip", "link", "add", member, "type", "veth", "peer", "name", `${member}-far`);
      run(namespace, "ip", "link", "set", `${member}-far`, "up");
      run(namespace, "ip", "link", "set", member, "master", "bond0");
    }
    run(namespace, "ip", "link", "set", "bond0", "up");
    const bonding = "/sys/class/net/bond0/bonding";
    const state = run(undefined, "ip", "netns", "exec", namespace, "cat", `${bonding}/mode`, `${bonding}/slaves`);
    assert.equal(state, "balance-rr 0\nwan0 wan1\n");
  } finally {
    run(undefined, "ip", "netns", "delete", namespace);
  }
});
