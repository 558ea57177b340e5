import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleNames, parseKernelConfig, readMachine } from "./proc.ts";

test("names of modules, from modules.dep and modules.builtin", () => {
  const dep = [
    "kernel/drivers/net/bonding/bonding.ko.xz: kernel/net/tls/tls.ko.xz",
    "kernel/net/8021q/8021q.ko: kernel/net/802/garp.ko kernel/net/802/mrp.ko",
    "kernel/net/sched/sch-netem.ko.zst:",
    "dummy.ko:",
  ].join("\n");
  assert.deepEqual([...moduleNames(dep)], ["bonding", "8021q", "sch_netem", "dummy"]);
  assert.deepEqual([...moduleNames("kernel/drivers/net/veth.ko\nkernel/net/nf-x.ko\n")], ["veth", "nf_x"]);
  assert.deepEqual([...moduleNames("")], []);
});

test("symbols of a kernel configuration", () => {
  const text = '# CONFIG_MODULES is not set\nCONFIG_BONDING=m\nCONFIG_VETH=y\nCONFIG_X="a=b"\n';
  assert.deepEqual(
    [...parseKernelConfig(text)],
    [
      ["CONFIG_BONDING", "m"],
      ["CONFIG_VETH", "y"],
      ["CONFIG_X", '"a=b"'],
    ],
  );
});

test("the machine has a release, memory and a CPU", () => {
  const machine = readMachine();
  assert.match(machine.kernelRelease, /^\d+\.\d+/);
  assert.ok(machine.memoryBytes > 2 ** 20);
  assert.ok(machine.cpus >= 1);
});
