import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Machine, withoutVirtualMachine } from "../../scripts/vm/machine.ts";
import { addressesOf, holdConnections, meganat, plugIn, POOL, shownLink } from "./campus/campus.ts";

const skip = withoutVirtualMachine() ?? false;
const CAMPUS = fileURLToPath(new URL("../../examples/campus.yaml", import.meta.url));
/** The office is on a card of its own, whatever becomes of the bonds; eth7 and eth8 are not in the machine. */
const MORE = `links:
  office: { interface: eth4, addresses: 10.60.0.1/24 }
  storage: { interface: eth7, addresses: 10.70.0.1/24 }`;

describe("a gateway that boots where not all is as the file says", { skip }, () => {
  let folder: string;
  let machine: Machine;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "meganat-vm-"));
    machine = await Machine.boot({ nics: 5, systemd: true, disk: join(folder, "disk.img") });
    await plugIn(machine);
    const file = readFileSync(CAMPUS, "utf8").replace("links:", MORE).replace("[eth2, eth3]", "[eth2, eth3, eth8]");
    await machine.shell(`cat >/root/gateway.yaml <<'FILE'\n${file}\nFILE`);
    const { err } = await machine.run(meganat("install", "/root/gateway.yaml"));
    assert.match(err, /^$|interface-missing/);
    await machine.shell("test -s /etc/meganat/gateway.yaml");
  });
  after(async () => {
    await machine?.kill();
    rmSync(folder, { recursive: true });
  });

  const apply = async (): Promise<{ status: number | undefined; text: string }> => {
    const { status, out, err } = await machine.run(meganat("apply", "/etc/meganat/gateway.yaml"));
    return { status, text: out + err };
  };
  const leftOut = async (): Promise<string[]> => {
    const { out } = await machine.run(meganat("status", "--json"));
    const found = JSON.parse(out) as { readonly state: string; readonly leftOut: readonly { readonly code: string }[] };
    assert.equal(found.state, "in-place");
    return found.leftOut.map(({ code }) => code).toSorted();
  };

  test("a card in another bond, cards and a cable that are missing, an address that another has: all else is up", async () => {
    await machine.shell(`cat >/etc/systemd/system/others.service <<UNIT
[Unit]
DefaultDependencies=no
After=far-side.service
Before=network-pre.target meganat.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip link add bond9 type bond && ip link set eth1 master bond9'
ExecStart=ip -n outside address add 61.138.177.9/32 dev trunk
[Install]
WantedBy=sysinit.target
UNIT
systemctl enable others`);
    await machine.plug("eth3", false);
    await machine.plug("far3", false);
    await machine.reboot();

    assert.equal((await machine.run(["systemctl", "is-failed", "meganat"])).out.trim() === "active", false);
    const mac = (await machine.shell("ip netns exec outside cat /sys/class/net/trunk/address")).trim();
    const journal = await machine.shell("journalctl --no-pager -o cat -u meganat");
    for (const said of [
      "eth1 belongs to bond9 already; bond0 has to do without it",
      "there is no interface eth8 here; bond bond1 has to do without it",
      "there is no interface eth7 here; it is left out with all that is on it",
      `61.138.177.9 is in use already on bond0, by `,
      "eth3, member of bond1, is up and has no carrier: nothing gets through",
    ])
      assert.ok(journal.includes(said), `${said}\n${journal}`);
    assert.match(journal, new RegExp(`61\\.138\\.177\\.9 is in use .* ${mac}`));

    assert.deepEqual(await leftOut(), ["address-in-use", "interface-missing", "member-in-use", "member-missing"]);
    assert.equal((await shownLink(machine, "eth1"))?.master, "bond9");
    assert.equal((await shownLink(machine, "eth0"))?.master, "bond0");
    const others = POOL.filter((address) => address !== "61.138.177.9/32");
    assert.deepEqual(await addressesOf(machine, "bond0"), ["61.138.177.2/27", ...others]);
    assert.deepEqual(await addressesOf(machine, "bond1"), ["10.10.0.1/16"]);
    assert.deepEqual(await addressesOf(machine, "eth4"), ["10.60.0.1/24"]);
    const held = await holdConnections(machine, 1);
    await held.close();

    await machine.shell("ip link delete bond9; ip -n outside address delete 61.138.177.9/32 dev trunk");
    assert.equal((await apply()).status, 1);
    assert.deepEqual(await leftOut(), ["interface-missing", "member-missing"]);
    assert.equal((await shownLink(machine, "eth1"))?.master, "bond0");
    assert.equal((await addressesOf(machine, "bond0")).length, 29);
  });

  test("a kernel without bonding: both bonds are left out whole, the rest is up; with bonding they follow", async () => {
    await machine.shell("systemctl disable others; echo 'install bonding /bin/false' >/etc/modprobe.d/no-bonding.conf");
    await machine.plug("eth3", true);
    await machine.plug("far3", true);
    await machine.reboot();

    const journal = await machine.shell("journalctl --no-pager -o cat -b -u meganat");
    assert.match(journal, /bond bond0 cannot be made: this kernel has no bonding; .*\n.*modprobe bonding/);
    const without = ["interface-missing", "kernel-without-bonding", "kernel-without-bonding"];
    assert.deepEqual(await leftOut(), without);
    for (const name of ["bond0", "bond1"]) assert.equal(await shownLink(machine, name), undefined);
    for (const name of ["eth0", "eth1", "eth2", "eth3"]) assert.deepEqual(await addressesOf(machine, name), []);
    assert.deepEqual(await addressesOf(machine, "eth4"), ["10.60.0.1/24"]);
    await machine.shell("nft list chain ip meganat postrouting");
    assert.equal(await machine.shell("sysctl -n net.ipv4.ip_forward"), "1\n");

    await machine.shell("rm /etc/modprobe.d/no-bonding.conf; ip netns delete outside; systemctl restart far-side");
    assert.equal((await apply()).status, 1);
    assert.deepEqual(await leftOut(), ["interface-missing", "member-missing"]);
    const held = await holdConnections(machine, 1);
    await held.close();
  });
});
