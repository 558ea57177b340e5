import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Machine, withoutVirtualMachine } from "../../scripts/vm/machine.ts";

const skip = withoutVirtualMachine() ?? false;
const MEGANAT = join(dirname(fileURLToPath(import.meta.url)), "../../bin/meganat");

/** What veth has not: rings, interrupts, LRO, and settings of the whole host. */
describe("tuning the drivers of real cards", { skip }, () => {
  let machine: Machine;
  before(async () => {
    machine = await Machine.boot({ nics: 2, cards: ["e1000e", "vmxnet3"] });
    await machine.shell("modprobe -a e1000e vmxnet3; ip link set eth0 up; ip link set eth1 up");
  });
  after(() => machine.kill());

  /** As the usual tools and files of the kernel have it. */
  async function seen(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const card of ["eth0", "eth1"]) {
      const rings = await machine.shell(`ethtool -g ${card} | sed '1,/Current/d'`);
      found[`${card} rings`] = [...rings.matchAll(/^[RT]X:\s+(\d+)$/gm)].map(([, size]) => size).join(" ");
      found[`${card} LRO`] = (await machine.shell(`ethtool -k ${card} | grep large-receive`)).trim();
      const irqs = await machine.shell(
        `for irq in $(grep -E '${card}.*[rt]x-' /proc/interrupts | cut -d: -f1); do cat /proc/irq/$irq/smp_affinity_list; done`,
      );
      found[`${card} interrupts`] = irqs.trim().split("\n").join(" ");
    }
    found["host"] = (await machine.shell("sysctl -n net.core.netdev_budget net.core.netdev_max_backlog")).trim();
    return found;
  }

  /** Waits for the cards' carrier: without it they do not know their speed. */
  async function connected(): Promise<void> {
    for (const card of ["eth0", "eth1"])
      await machine.shell(`until [ "$(cat /sys/class/net/${card}/carrier)" = 1 ]; do sleep 0.1; done`);
  }

  test("rings, interrupts, LRO and the host's settings are changed and come back", async () => {
    await connected();
    const before = await seen();
    assert.equal(before["eth0 rings"], "256 256");
    assert.equal(before["eth1 LRO"], "large-receive-offload: on");
    await machine.shell(`${MEGANAT} tune --apply eth0 eth1`);
    assert.deepEqual(await seen(), {
      "eth0 rings": "4096 1024",
      "eth0 LRO": "large-receive-offload: off [fixed]",
      "eth0 interrupts": "0 0",
      "eth1 rings": "4096 1024",
      "eth1 LRO": "large-receive-offload: off",
      "eth1 interrupts": "1 0",
      // By the speed of the cards, which they do not know while their rings change.
      host: "500\n2500",
    });
    // They know it again with their carrier.
    await connected();
    assert.match(await machine.shell(`${MEGANAT} tune eth0 eth1`), /\nEverything is as it should be\.\n$/);
    await machine.shell(`${MEGANAT} tune --undo`);
    assert.deepEqual(await seen(), before);
  });
});
