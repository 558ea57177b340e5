import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Machine, withoutVirtualMachine } from "../../scripts/vm/machine.ts";
import { MADE_LINKS } from "../fixtures/made-links.ts";
import { meganat } from "./campus/campus.ts";

const skip = withoutVirtualMachine() ?? false;
const FILE = "/root/gateway.yaml";

/** Puts each file under a comment with its path where the comment says. */
const SPLIT = `awk '/^# \\// { path = $2; folder = path; sub("/[^/]*$", "", folder); system("mkdir -p " folder) } path { print >path }'`;

/** A machine of its own for each program; `systemd` as networkd needs it. */
async function boot(systemd: boolean): Promise<Machine> {
  const machine = await Machine.boot({ nics: 5, systemd });
  await machine.shell(`cat >${FILE} <<'FILE'\n${MADE_LINKS}FILE`);
  return machine;
}

function render(format: string): string {
  return meganat("render", FILE, "--format", format).join(" ");
}

/** What `apply` would do to interfaces, addresses and routes: nothing, if others have set them up as the file says. */
async function missing(machine: Machine): Promise<string[]> {
  const { out } = await machine.run(meganat("apply", FILE, "--dry-run", "--json"));
  const { changes } = JSON.parse(out) as { readonly changes?: readonly string[] };
  assert.ok(changes !== undefined, out);
  return changes.filter((change) => !/ table ip meganat|^set net\./.test(change));
}

async function inPlace(machine: Machine): Promise<void> {
  assert.deepEqual(await missing(machine), []);
  assert.equal(
    await machine.shell("cd /sys/class/net/bond1/bonding; cat mode primary active_slave updelay min_links"),
    "active-backup 1\neth3\neth3\n400\n1\n",
  );
  assert.equal(await machine.shell("cd /sys/class/net; cat bond1/mtu eth2/mtu guests7/mtu"), "9000\n9000\n1400\n");
}

describe("links kept in systemd-networkd", { skip }, () => {
  let machine: Machine;
  before(async () => {
    machine = await boot(true);
  });
  after(() => machine.kill());

  test("without its files, apply would make them", async () => {
    const changes = await missing(machine);
    for (const change of ["add bond bond0 (balance-rr)", "add address 10.20.0.1/24 to bond1.100"])
      assert.ok(changes.includes(change), changes.join("\n"));
  });

  test("it makes of its files what the gateway file says", async () => {
    await machine.shell(`systemd-sysusers; ${render("networkd")} | ${SPLIT}`);
    await machine.shell("systemctl start systemd-networkd");
    const links = ["bond0", "bond1", "bond1.100", "guests7"].map((link) => `-i ${link}`).join(" ");
    await machine.shell(`/lib/systemd/systemd-networkd-wait-online --timeout 120 ${links}`);
    await inPlace(machine);
    const journal = await machine.shell("journalctl --no-pager -o cat -u systemd-networkd");
    assert.doesNotMatch(journal, /\/etc\/systemd\/network\/.*:\d+:/);
  });
});

describe("links kept in ifupdown", { skip }, () => {
  let machine: Machine;
  before(async () => {
    machine = await boot(false);
  });
  after(() => machine.kill());

  test("it makes of its file what the gateway file says, and takes it back", async () => {
    await machine.shell(`${render("ifupdown")} | ${SPLIT}; mkdir -p /run/network`);
    await machine.shell("echo 'source /etc/network/interfaces.d/*' >/etc/network/interfaces");
    const listed = await machine.shell("ifquery --list -a");
    assert.equal(listed, "lo\nbond0\nbond1\nbond1.100\neth4\nguests7\n");
    await machine.shell("ifup -a");
    await inPlace(machine);
    await machine.shell("ifdown -a");
    assert.equal(await machine.shell("ip -4 -oneline address show | grep -v ' lo ' || true"), "");
  });
});
