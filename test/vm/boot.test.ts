import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Machine, withoutVirtualMachine } from "../../scripts/vm/machine.ts";
import {
  addressesOf,
  holdConnections,
  meganat,
  plugIn,
  POOL,
  shownLink,
  type HeldConnections,
} from "./campus/campus.ts";

const skip = withoutVirtualMachine() ?? false;
const CAMPUS = fileURLToPath(new URL("../../examples/campus.yaml", import.meta.url));
const CONNECTIONS = 8;

describe("the campus gateway on four cards, installed and booted, nobody logged in", { skip }, () => {
  let folder: string;
  let machine: Machine;
  let held: HeldConnections | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "meganat-vm-"));
    machine = await Machine.boot({ nics: 4, systemd: true, disk: join(folder, "disk.img") });
    await plugIn(machine);
    const { status, err } = await machine.run(meganat("install", CAMPUS));
    assert.equal(status, 0, err);
    await machine.reboot();
  });
  after(async () => {
    await machine?.kill();
    rmSync(folder, { recursive: true });
  });

  const lines = async (line: string): Promise<string[]> => (await machine.shell(line)).trim().split("\n");

  test("systemd has started everything", async (t) => {
    assert.equal((await machine.run(["systemctl", "is-system-running"])).out, "running\n");
    assert.deepEqual(await lines("systemctl is-active meganat-rules meganat"), ["active", "active"]);
    const show = (unit: string, property: string): Promise<string> =>
      machine.shell(`systemctl show --value -p ${property} ${unit}`);
    const seconds = (microseconds: string): string => (Number(microseconds) / 1e6).toFixed(1);
    const [rules, from, to] = await Promise.all([
      show("meganat-rules", "ExecMainExitTimestampMonotonic"),
      show("meganat", "ExecMainStartTimestampMonotonic"),
      show("meganat", "ActiveEnterTimestampMonotonic"),
    ]);
    t.diagnostic(
      `seconds after the kernel's start: rules loaded ${seconds(rules)}, apply begun ${seconds(from)}, ` +
        `gateway up ${seconds(to)}, boot complete ${machine.bootSeconds}`,
    );
  });

  test("both bonds are up in the file's mode, with both cards", async () => {
    for (const [bond, members] of [
      ["bond0", ["eth0", "eth1"]],
      ["bond1", ["eth2", "eth3"]],
    ] as const) {
      const link = await shownLink(machine, bond);
      const { mode, miimon } = link?.linkinfo?.info_data ?? {};
      assert.deepEqual([link?.operstate, mode, miimon], ["UP", "balance-rr", 200]);
      assert.deepEqual((await lines(`cat /sys/class/net/${bond}/bonding/slaves`))[0]?.split(" "), members);
      assert.deepEqual(await lines(`grep -h 'MII Status' /proc/net/bonding/${bond}`), Array(3).fill("MII Status: up"));
    }
  });

  test("addresses and the default route are there", async () => {
    assert.deepEqual(await addressesOf(machine, "bond0"), ["61.138.177.2/27", ...POOL]);
    assert.deepEqual(await addressesOf(machine, "bond1"), ["10.10.0.1/16"]);
    assert.deepEqual(await lines("ip route show default"), ["default via 61.138.177.1 dev bond0 proto static"]);
  });

  test("rules, settings, hash size and forwarding are as the file wants them", async () => {
    const { status, out } = await machine.run(meganat("status", "--json"));
    const found = JSON.parse(out) as { readonly state: string; readonly drift: readonly unknown[] };
    assert.deepEqual([status, found.state, found.drift], [0, "in-place", []]);
    await machine.shell("nft list chain ip meganat postrouting");
    for (const line of await lines("grep -v '^#' /etc/sysctl.d/90-meganat.conf | grep .")) {
      const [name, value] = line.split(" = ");
      assert.equal((await machine.shell(`sysctl -n ${name}`)).trim().replaceAll("\t", " "), value, name);
    }
    const [option] = await lines("grep ^options /etc/modprobe.d/meganat.conf");
    const hashsize = await machine.shell("cat /sys/module/nf_conntrack/parameters/hashsize");
    assert.equal(option, `options nf_conntrack hashsize=${hashsize.trim()}`);
    assert.equal(await machine.shell("sysctl -n net.ipv4.ip_forward"), "1\n");
  });

  test("connections from a host of the campus open at the first try, and are translated", async () => {
    held = await holdConnections(machine, CONNECTIONS);
    const connections = await lines("conntrack -L -p tcp --src 10.10.1.5 --state ESTABLISHED 2>/dev/null");
    assert.equal(connections.length, CONNECTIONS);
    for (const line of connections) assert.match(line, / src=203\.0\.113\.10 dst=61\.138\.177\.([3-9]|[12]\d|30) /);
  });

  for (const [bond, card, cable] of [
    ["bond0", "eth0", "far0"],
    ["bond1", "eth3", "far3"],
  ] as const) {
    test(`a cable of ${bond} is pulled and plugged in again: no connection is lost`, async (t) => {
      assert.ok(held !== undefined, "no connections are open");
      const state = async (): Promise<string> => machine.shell(`cat /sys/class/net/${card}/bonding_slave/mii_status`);
      await held.account();
      await pause(2000);
      const undisturbed = await held.account();
      await machine.plug(card, false);
      await machine.plug(cable, false);
      while ((await state()) !== "down\n") await pause(50);
      await pause(4000);
      const pulled = await held.account();
      await machine.plug(cable, true);
      await machine.plug(card, true);
      while ((await state()) !== "up\n") await pause(50);
      await pause(4000);
      const back = await held.account();
      t.diagnostic(
        `${CONNECTIONS} connections, an exchange every 20 ms by each; longest time without an answer: undisturbed ` +
          `${undisturbed.longestGap} ms, ${card} pulled ${pulled.longestGap} ms, plugged in ${back.longestGap} ms`,
      );
      for (const { silent, lost } of [undisturbed, pulled, back]) assert.deepEqual([silent, lost], [0, 0]);
    });
  }
});
