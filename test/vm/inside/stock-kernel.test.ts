import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
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

describe("nf_flowtable", () => {
  const [inside, gateway, outside] = ["vm-inside", "vm-gateway", "vm-outside"] as const;
  const all = [inside, gateway, outside];

  before(() => {
    for (const namespace of all) run(undefined, "ip", "netns", "add", namespace);
    wire(inside, "10.10.0.2/24", "lan", "10.10.0.1/24");
    wire(outside, "192.0.2.2/24", "wan", "192.0.2.1/24");
    run(inside, "ip", "route", "add", "default", "via", "10.10.0.1");
    run(gateway, "sysctl", "-q", "net.ipv4.ip_forward=1");
    run(gateway, "nft", RULES);
  });
  after(() => {
    for (const namespace of all) run(undefined, "ip", "netns", "delete", namespace);
  });

  function wire(end: string, endAddress: string, port: string, portAddress: string): void {
    run(gateway, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", end);
    for (const [namespace, link, address] of [
      [gateway, port, portAddress],
      [end, "eth0", endAddress],
    ] as const) {
      run(namespace, "ip", "address", "add", address, "dev", link);
      run(namespace, "ip", "link", "set", link, "up");
    }
  }

  test("takes a translated connection over, and conntrack says so", () => {
    // Both directions must have been seen before a connection is taken over; socat then holds it open.
    const script = `
      ip netns exec ${outside} socat TCP4-LISTEN:80,reuseaddr EXEC:cat &
      sleep 1
      (for i in 1 2 3 4 5; do echo hello; sleep 0.2; done; ip netns exec ${gateway} conntrack -L -p tcp >&2; sleep 0.2) |
        ip netns exec ${inside} socat -t 5 - TCP4:192.0.2.2:80
      wait`;
    const shown = run(undefined, "sh", "-c", `(${script}) 2>&1`);
    assert.equal(shown.match(/hello/g)?.length, 5);
    assert.match(shown, /src=10\.10\.0\.2 dst=192\.0\.2\.2 .* src=192\.0\.2\.2 dst=192\.0\.2\.1 .*\[OFFLOAD\]/);
  });
});

const RULES = `table ip t {
  flowtable fast { hook ingress priority 0; devices = { lan, wan }; }
  chain forward { type filter hook forward priority 0; ct state established flow add @fast; }
  chain out { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}`;
